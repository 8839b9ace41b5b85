"""Explain the score of a class by the method that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chestnut.data.pixels import Grey
from chestnut.errors import ExplanationError, suggest
from chestnut.explain.class_activation import activate, can_activate
from chestnut.explain.gradients.explain import explain_by_gradients
from chestnut.explain.map import Map
from chestnut.explain.methods import Choice
from chestnut.explain.occlusion import occlude
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.gradient_engine import GradientEngine
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
        engine: The network; see `open_explainer`.
        classes: The names of its classes.
        image: The image as the network sees it, uint8, shape (height, width).
        of: The class to explain; None for the last of two, which is the positive one, and for the likeliest of more.
        method: How to make the map.
        on_batch: Is called before each batch of images; what it raises ends the computation.

    Raises:
        ExplanationError: There is no such class, or the network does not allow the method.
    """
    (found,) = explain_images(engine, classes, image[None], [of], method, on_batch)
    return found


def explain_images(
    engine: Engine,
    classes: Sequence[str],
    images: Grey,
    of: Sequence[str | None],
    method: Choice = "auto",
    on_batch: Callable[[], None] | None = None,
) -> list[Map]:
    """Compute maps of several images, those by gradients in batches.

    Args:
        engine: The network; see `open_explainer`.
        classes: The names of its classes.
        images: The images as the network sees them, uint8, shape (n, height, width).
        of: The class to explain in each image, or None as in `explain`.
        method: How to make the maps.
        on_batch: Is called before each batch of images; what it raises ends the computation.

    Raises:
        ExplanationError: There is no such class, or the network does not allow the method.
    """
    chosen = _choose_classes(engine, classes, images, of)
    if method in ("auto", "activation") and can_activate(engine) and isinstance(engine, OnnxEngine):
        return [activate(engine, image, *which) for image, which in zip(images, chosen, strict=True)]
    if method == "activation" and not isinstance(engine, GradientEngine):
        raise ExplanationError(
            "method='activation' needs a network that averages maps before its last layer, and decides by the image "
            "alone; take method='occlusion' or 'auto'"
        )
    if method == "auto" or method == "occlusion":  # noqa: PLR1714 - the type checker follows this form alone
        return [occlude(engine, image, *which, on_batch=on_batch) for image, which in zip(images, chosen, strict=True)]
    return explain_by_gradients(engine, images, chosen, method, on_batch)


def _choose_classes(
    engine: Engine, classes: Sequence[str], images: Grey, of: Sequence[str | None]
) -> list[tuple[str, int]]:
    """Return the class to explain in each image, and its number.

    Raises:
        ExplanationError: There is no such class.
    """
    if unknown := [one for one in of if one is not None and one not in classes]:
        raise ExplanationError(f"there is no class {unknown[0][:100]!r}; {suggest(unknown[0], classes)}")
    names = list(classes)
    if len(names) == 2 or None not in of:
        numbers = [len(names) - 1 if one is None else names.index(one) for one in of]
    else:
        likeliest = engine.logits(images).argmax(axis=1).tolist()
        numbers = [row if one is None else names.index(one) for one, row in zip(of, likeliest, strict=True)]
    return [(names[number], number) for number in numbers]
