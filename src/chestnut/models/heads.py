"""The last layer: logits and their initial bias."""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt

from chestnut.errors import RecipeError


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
