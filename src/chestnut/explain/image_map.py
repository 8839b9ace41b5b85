"""`ImageMap`: an image file with a network's answer and the places that speak for a class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.raw import fetched
from chestnut.data.pixels import Grey
from chestnut.evaluation.metrics import decide
from chestnut.explain.explain import explain_images
from chestnut.explain.map import Map
from chestnut.explain.methods import LAYER_METHODS, Choice
from chestnut.explain.panel import draw_panel
from chestnut.explain.picture import Picture, view_picture
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine

#: The number of images that are held at a time.
_TOGETHER = 16


@dataclass(frozen=True, eq=False)
class ImageMap:
    """An image file with a network's answer and the places that speak for a class.

    Attributes:
        path: The image reference, as in a manifest's `path`.
        picture: The whole image to look at.
        seen: The image as the network sees it, uint8, shape (height, width).
        map: The places.
        probability: The probability of the class that the map is of.
        decision: The class that is decided.
    """

    path: str
    picture: Picture
    seen: Grey
    map: Map
    probability: float
    decision: str

    def draw(self) -> npt.NDArray[np.uint8]:
        """Return the picture, what the network sees, the map, and the map over the picture, side by side.

        Returns:
            Colours (red, green, blue), uint8, shape (height, width, 3).
        """
        found = self.map
        heading = f"{found.of}: probability {self.probability:.3f} · decided {self.decision} · {found.method}"
        return draw_panel(self.picture, self.seen, found, heading)


def map_images(
    bundle: Bundle, engine: Engine, paths: Sequence[str], *, of: str | None = None, method: Choice = "auto"
) -> Iterator[ImageMap]:
    """Compute where a network looked in image files, some of them at a time.

    Args:
        bundle: The bundle of the network.
        engine: The network; see `open_explainer`.
        paths: Image references, as in a manifest's `path`.
        of: The class to explain; None for the positive one of two, and for the likeliest of more.
        method: How to make the maps.

    Raises:
        ImageError: An image cannot be read.
        ExplanationError: There is no such class, or the network does not allow the method.
    """
    together = _TOGETHER if method in (*LAYER_METHODS, "activation") else 1
    for start in range(0, len(paths), together):
        some = paths[start : start + together]
        read = [_read(path, bundle) for path in some]
        seen = np.stack([image for image, _ in read])
        maps = explain_images(engine, bundle.classes, seen, [of] * len(some), method)
        rows = engine.probabilities(seen, some, bundle.temperature)
        decided = decide(rows, bundle.threshold)
        for path, (image, picture), found, row, number in zip(some, read, maps, rows, decided, strict=True):
            probability = float(row[bundle.classes.index(found.of)])
            yield ImageMap(path, picture, image, found, probability, bundle.classes[number])


def _read(path: str, bundle: Bundle) -> tuple[Grey, Picture]:
    with quiet(), fetched(path) as raw:
        framed, picture = view_picture(raw, bundle.spec)
    return framed.image, picture
