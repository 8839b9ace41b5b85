"""Explain the score of a class by the method that a network allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chestnut.data.pixels import Grey
from chestnut.errors import ExplanationError, suggest
from chestnut.explain.class_activation import activate, can_activate
from chestnut.explain.map import Map
from chestnut.explain.methods import Choice
from chestnut.explain.occlusion import occlude
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.onnx_engine import OnnxEngine


def explain(
    engine: Engine,
    classes: Sequence[str],
    image: Grey,
    of: str | None = None,
    method: Choice = "auto",
    on_batch: Callable[[], None] | None = None,
) -> Map:
    """Compute which places of an image speak for a class.

    Args:
        engine: The network.
        classes: The names of its classes.
        image: The image as the network sees it, uint8, shape (height, width).
        of: The class to explain; None for the last of two, which is the positive one, and for the likeliest of more.
        method: How to make the map.
        on_batch: Is called before each batch of images; what it raises ends the computation.

    Raises:
        ExplanationError: There is no such class, or the network has no class activation maps.
    """
    if of is not None and of not in classes:
        raise ExplanationError(f"there is no class {of[:100]!r}; {suggest(of, classes)}")
    if of is None:
        of = classes[-1] if len(classes) == 2 else classes[int(engine.logits(image[None])[0].argmax())]
    index = list(classes).index(of)
    able = can_activate(engine)
    if method == "activation" and not able:
        raise ExplanationError(
            "method='activation' needs a network that averages maps before its last layer, and decides by the image "
            "alone; take method='occlusion' or 'auto'"
        )
    if able and method != "occlusion" and isinstance(engine, OnnxEngine):
        return activate(engine, image, of, index)
    return occlude(engine, image, of, index, on_batch=on_batch)


def explain_images(
    engine: Engine,
    classes: Sequence[str],
    images: Grey,
    of: Sequence[str | None],
    method: Choice = "auto",
    on_batch: Callable[[], None] | None = None,
) -> list[Map]:
    """Compute maps of several images; the arguments are those of `explain`.

    Args:
        engine: The network.
        classes: The names of its classes.
        images: The images as the network sees them, uint8, shape (n, height, width).
        of: The class to explain in each image, or None as in `explain`.
        method: How to make the maps.
        on_batch: Is called before each batch of images; what it raises ends the computation.

    Raises:
        ExplanationError: There is no such class, or the network does not allow the method.
    """
    return [explain(engine, classes, image, which, method, on_batch) for image, which in zip(images, of, strict=True)]
