"""`ImageMap`: an image file with a network's answer and the places that speak for a class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.raw import fetched
from chestnut.evaluation.metrics import decide
from chestnut.explain.explain import explain
from chestnut.explain.map import Map
from chestnut.explain.methods import Choice
from chestnut.explain.overlay import blend
from chestnut.explain.picture import Picture, view_picture
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine


@dataclass(frozen=True, eq=False)
class ImageMap:
    """An image file with a network's answer and the places that speak for a class.

    Attributes:
        path: The image reference, as in a manifest's `path`.
        picture: The whole image to look at.
        map: The places.
        probability: The probability of the class that the map is of.
        decision: The class that is decided.
    """

    path: str
    picture: Picture
    map: Map
    probability: float
    decision: str

    def draw(self, opacity: float = 0.6) -> npt.NDArray[np.uint8]:
        """Return the picture and, to its right, the picture with the map over it.

        Args:
            opacity: How much of the picture the map covers where it is strongest, 0..1.

        Returns:
            Colours (red, green, blue), uint8, shape (height, 2 × width, 3).
        """
        plain = np.repeat(self.picture.grey[..., np.newaxis], 3, axis=2)
        return np.hstack([plain, blend(self.picture.grey, self.picture.laid(self.map.values), opacity)])


def map_images(
    bundle: Bundle, engine: Engine, paths: Sequence[str], *, of: str | None = None, method: Choice = "auto"
) -> Iterator[ImageMap]:
    """Compute where a network looked in image files, one after another.

    Args:
        bundle: The bundle of the network.
        engine: The network.
        paths: Image references, as in a manifest's `path`.
        of: The class to explain; None for the positive one of two, and for the likeliest of more.
        method: How to make the maps.

    Raises:
        ImageError: An image cannot be read.
        ExplanationError: There is no such class, or the network has no class activation maps.
    """
    for path in paths:
        with quiet(), fetched(path) as raw:
            framed, picture = view_picture(raw, bundle.spec)
        found = explain(engine, bundle.classes, framed.image, of, method)
        row = engine.probabilities(framed.image[np.newaxis], [path], bundle.temperature)
        (decided,) = decide(row, bundle.threshold)
        probability = float(row[0, bundle.classes.index(found.of)])
        yield ImageMap(path, picture, found, probability, bundle.classes[decided])
