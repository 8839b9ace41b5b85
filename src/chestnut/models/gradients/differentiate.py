"""Compute the gradients of a network's logits by the backend in use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from chestnut.models.device import backend

Values = npt.NDArray[np.float32]

#: Takes the inputs of a network and the weight of each logit; returns its outputs and the gradients.
Step = Callable[[Sequence[Values], Values], tuple[list[Values], list[Values]]]


def differentiate(network: keras.Model, which: Sequence[int]) -> Step:
    """Return a function that computes a network's outputs, and gradients of a score for some of its inputs.

    The score of an image is the sum of its logits, each times a weight, so that the gradient of an image does not
    depend on the other images of the batch.

    Args:
        network: A network whose first output is the logits, shape (n, logits).
        which: The inputs for which the gradients are computed, counted from 0.
    """
    make = {"tensorflow": _with_tensorflow, "jax": _with_jax, "torch": _with_torch}[backend()]
    step = make(network, list(which))

    def compute(inputs: Sequence[Values], weights: Values) -> tuple[list[Values], list[Values]]:
        outputs, gradients = step(list(inputs), np.asarray(weights, np.float32))
        return [_as_array(one) for one in outputs], [_as_array(one) for one in gradients]

    return compute


def _as_array(values: Any) -> Values:
    return np.asarray(keras.ops.convert_to_numpy(values), np.float32)


def _call(network: Any, inputs: list[Any]) -> list[Any]:
    """Return the outputs of a network as a list, of which Keras makes a single output where there is one."""
    outputs = network(inputs, training=False)
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _with_tensorflow(network: Any, which: list[int]) -> Any:
    import tensorflow as tf

    def step(inputs: list[Any], weights: Any) -> Any:
        chosen = [inputs[index] for index in which]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(chosen)
            outputs = _call(network, inputs)
            score = tf.reduce_sum(outputs[0] * weights)
        return outputs, tape.gradient(score, chosen, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    compiled = tf.function(step, reduce_retracing=True)
    return lambda inputs, weights: compiled([tf.constant(one) for one in inputs], tf.constant(weights))


def _with_jax(network: Any, which: list[int]) -> Any:
    import jax

    def score(chosen: list[Any], inputs: list[Any], weights: Any) -> Any:
        given = list(inputs)
        for index, value in zip(which, chosen, strict=True):
            given[index] = value
        outputs = _call(network, given)
        return (outputs[0] * weights).sum(), outputs

    both = jax.jit(jax.value_and_grad(score, has_aux=True))

    def step(inputs: list[Any], weights: Any) -> Any:
        (_, outputs), gradients = both([inputs[index] for index in which], inputs, weights)
        return outputs, gradients

    return step


def _with_torch(network: Any, which: list[int]) -> Any:
    import torch

    def step(inputs: list[Any], weights: Any) -> Any:
        with torch.enable_grad():
            given = [keras.ops.convert_to_tensor(one) for one in inputs]
            chosen = [given[index].requires_grad_() for index in which]
            outputs = _call(network, given)
            score = (outputs[0] * keras.ops.convert_to_tensor(weights)).sum()
            gradients = torch.autograd.grad(score, chosen, allow_unused=True)
        found = [torch.zeros_like(one) if got is None else got for one, got in zip(chosen, gradients, strict=True)]
        return [one.detach() for one in outputs], [one.detach() for one in found]

    return step
