"""Explain scores of classes by the gradients of a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.errors import ExplanationError
from chestnut.explain.gradients.layer_maps import RULES, are_even
from chestnut.explain.gradients.pixel_maps import integrate_gradients, smooth_gradients
from chestnut.explain.map import Map
from chestnut.explain.methods import PIXEL_METHODS, Method
from chestnut.explain.score import class_scores, score_weights
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.gradient_engine import GradientEngine

#: The number of images that are computed at a time.
_TOGETHER = 16

OnBatch = Callable[[], None] | None


def explain_by_gradients(
    engine: Engine,
    images: Grey,
    of: Sequence[tuple[str, int]],
    method: Method,
    on_batch: OnBatch = None,
) -> list[Map]:
    """Compute maps of images by gradients.

    Args:
        engine: The network.
        images: The images as the network sees them, uint8, shape (n, height, width).
        of: The class to explain in each image, and its number, counted from 0.
        method: A method of `LAYER_METHODS` or `PIXEL_METHODS`, or `activation`.
        on_batch: Is called before each batch of images; what it raises ends the computation.

    Raises:
        ExplanationError: The network does not allow the method.
    """
    able = _require_gradients(engine, method)
    if method in PIXEL_METHODS:
        return [_explain_pixels(able, image, *which, method, on_batch) for image, which in zip(images, of, strict=True)]
    found: list[Map] = []
    for start in range(0, len(images), _TOGETHER):
        if on_batch is not None:
            on_batch()
        rows = slice(start, start + _TOGETHER)
        found += _explain_layers(able, images[rows], of[rows], method)
    return found


def _require_gradients(engine: Engine, method: Method) -> GradientEngine:
    """Return an engine that computes gradients, if the method says what the network decides by.

    Raises:
        ExplanationError: It does not.
    """
    if not isinstance(engine, GradientEngine):
        raise ExplanationError(f"method={method!r} needs the gradients of the network; open it with engine='keras'")
    if engine.spec.variants != "none":
        raise ExplanationError(
            f"method={method!r} explains one image, and this network decides by the mean over variants of it; "
            "take method='occlusion'"
        )
    if method not in PIXEL_METHODS and not engine.has_maps:
        raise ExplanationError(
            f"method={method!r} needs a network with convolutions, and this has none; take method='occlusion' or "
            "'integrated-gradients'"
        )
    return engine


def _explain_layers(engine: GradientEngine, images: Grey, of: Sequence[tuple[str, int]], method: Method) -> list[Map]:
    weights = np.stack([score_weights(engine.outputs, index) for _, index in of])
    answer = engine.layer_gradients(images, weights)
    rule = RULES["hirescam" if method == "activation" else method]
    parts = [rule(*layer) for layer in answer.layers]
    even = np.all([are_even(layer.gradients) for layer in answer.layers], axis=0)
    if method == "activation" and not even.all():
        raise ExplanationError(
            "method='activation' needs a network whose last maps count by their averages alone; take method='hirescam' "
            "or 'occlusion'"
        )
    found = []
    for row, (name, index) in enumerate(of):
        one = _make_map(engine, _join([part[row] for part in parts]), method, name, answer.logits[row : row + 1], index)
        found.append(replace(one, exact=bool(even[row]) and method in ("activation", "hirescam")))
    return found


def _explain_pixels(
    engine: GradientEngine, image: Grey, name: str, index: int, method: Method, on_batch: OnBatch
) -> Map:
    compute = integrate_gradients if method == "integrated-gradients" else smooth_gradients
    cells = compute(engine, image, score_weights(engine.outputs, index), on_batch=on_batch)
    return _make_map(engine, cells, method, name, engine.logits(image[np.newaxis]), index)


def _make_map(
    engine: GradientEngine,
    cells: npt.NDArray[np.float32],
    method: Method,
    name: str,
    logits: npt.NDArray[np.float32],
    index: int,
) -> Map:
    """Return a map, if its values are finite.

    Raises:
        ExplanationError: They are not: operations such as square roots have no gradient at 0.
    """
    if not np.isfinite(cells).all():
        raise ExplanationError(
            f"method={method!r}: the gradients of this network are not finite for this image; take method='occlusion'"
        )
    score = float(class_scores(logits, index)[0])
    return Map(cells, (engine.spec.height, engine.spec.width), method, name, score)


def _join(parts: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return the sum of the maps of all members of an ensemble, on the finest of their grids."""
    rows, columns = (max(part.shape[axis] for part in parts) for axis in (0, 1))
    fitted = [cv2.resize(part, (columns, rows), interpolation=cv2.INTER_LINEAR) for part in parts]
    return np.asarray(np.sum(fitted, axis=0), dtype=np.float32)
