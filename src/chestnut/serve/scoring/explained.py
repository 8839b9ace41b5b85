"""`explain_upload`: a picture of where a network looked, for an image that a client sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from chestnut.data.decoding.decode import quiet
from chestnut.explain.explain import explain
from chestnut.explain.methods import LightChoice, Method
from chestnut.explain.overlay import map_png, overlay_png, picture_png
from chestnut.explain.picture import view_picture
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.scoring.upload import Upload, opened

#: What is drawn: the map over the picture, the map alone, or the picture alone.
Form = Literal["overlay", "map", "picture"]


class Drawn(NamedTuple):
    """A picture as PNG, and what it shows.

    Attributes:
        content: The PNG.
        method: How the map was made; None for the picture alone.
        of: The class that is explained; None for the picture alone.
        evidence: Whether any place speaks for the class; None for the picture alone.
    """

    content: bytes
    method: Method | None
    of: str | None
    evidence: bool | None


def explain_upload(
    upload: Upload,
    scorer: Scorer,
    *,
    of: str | None = None,
    method: LightChoice = "auto",
    form: Form = "overlay",
    on_batch: Callable[[], None] | None = None,
) -> Drawn:
    """Draw where a network looked.

    Args:
        upload: The image.
        scorer: The network.
        of: The class to explain; None for the positive or likeliest one.
        method: How to make the map.
        form: What to draw.
        on_batch: Is called now and then; what it raises ends the computation.

    Raises:
        ImageError: It is empty, not an image, damaged, truncated or too large; the message starts with its name.
        ExplanationError: There is no such class, or the network does not allow the method.
    """
    bundle = scorer.bundle
    with quiet(), opened(upload) as (raw, _):
        framed, picture = view_picture(raw, bundle.spec)
    if form == "picture":
        return Drawn(picture_png(picture.grey), None, None, None)
    found = explain(scorer.engine, bundle.classes, framed.image, of, method, on_batch)
    heat = picture.laid(found.values)
    content = map_png(heat) if form == "map" else overlay_png(picture.grey, heat)
    return Drawn(content, found.method, found.of, found.has_evidence)
