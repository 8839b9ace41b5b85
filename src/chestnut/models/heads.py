"""The last layer: logits, their initial bias, and the probabilities that follow from them."""

from __future__ import annotations

import math

import keras
import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError, RecipeError


def output_layer(head: str, classes: int) -> keras.layers.Dense:
    """Return the layer that computes float32 logits: one for each class (`softmax`), or one for two (`sigmoid`).

    Raises:
        RecipeError: A sigmoid head has other than two classes.
    """
    if head == "sigmoid" and classes != 2:
        raise RecipeError(f"model.head is sigmoid, which is for two classes, but there are {classes}; use softmax")
    return keras.layers.Dense(1 if head == "sigmoid" else classes, dtype="float32", name="logits")


def start_at_prior(network: keras.Model, shares: npt.ArrayLike) -> None:
    """Set the logits' bias so that an untrained network predicts the class shares of its training data.

    Otherwise the first epochs are spent on learning the class ratio (Lin 2017, arXiv:1708.02002, §3.3).

    Args:
        network: A network made by `build`.
        shares: The share of each class in the loss, shape (classes,), above 0, with sum 1.
    """
    shares = np.asarray(shares, dtype=np.float64)
    bias = network.get_layer("logits").bias
    logits = np.log(shares)
    bias.assign([logits[1] - logits[0]] if bias.shape[0] == 1 else logits - logits.mean())


def probabilities(logits: npt.ArrayLike, temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Turn logits into probabilities, shape (n, classes), with rows that sum to 1.

    Args:
        logits: Shape (n, classes), or (n, 1) from a sigmoid head.
        temperature: Divides the logits; above 1 it makes predictions less confident (Guo 2017, arXiv:1706.04599).

    Raises:
        DataError: The temperature is not a finite number above 0.

    >>> probabilities([[0.0], [np.log(3)]])
    array([[0.5 , 0.5 ],
           [0.25, 0.75]])
    """
    if not 0 < temperature < math.inf:
        raise DataError(f"temperature={temperature:g}: give a finite number above 0; 1 leaves logits as they are")
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    if scaled.shape[1] == 1:
        scaled = np.concatenate([np.zeros_like(scaled), scaled], axis=1)
    scaled -= scaled.max(axis=1, keepdims=True)
    exponents = np.exp(scaled)
    result: npt.NDArray[np.float64] = exponents / exponents.sum(axis=1, keepdims=True)
    return result
