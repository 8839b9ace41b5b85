"""`Map`: how much each place of an image speaks for a class."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.explain.methods import MEANINGS, PIXEL_METHODS, Meaning, Method

#: The deviation of the blur of a map of pixels, as a share of the longer side.
_BLUR = 0.01


@dataclass(frozen=True, eq=False)
class Map:
    """How much each place of an image speaks for a class, as a network sees the image.

    Positive values speak for the class, negative ones against it. Those of most methods are in logits of the class
    against the others, the score: see `class_scores` and `MEANINGS`.

    Attributes:
        cells: The values on the grid on which they were computed, float32, shape (rows, columns); all finite.
        size: The height and width of the network's input.
        method: How they were computed.
        of: The class.
        score: The network's score of the class for the whole image.
        exact: Whether the mean of the cells, plus a number that does not depend on the place, is the score.
    """

    cells: npt.NDArray[np.float32]
    size: tuple[int, int]
    method: Method
    of: str
    score: float
    exact: bool = False

    @property
    def values(self) -> npt.NDArray[np.float32]:
        """The value of each pixel of the network's input, float32, shape `size`.

        Between cells they change smoothly. Where each pixel has a value of its own, they are means over neighbours, as
        single pixels are too small to see.
        """
        height, width = self.size
        if self.method in PIXEL_METHODS:
            return np.asarray(cv2.GaussianBlur(self.cells, (0, 0), _BLUR * max(self.size)), dtype=np.float32)
        smooth = cv2.resize(self.cells, (width, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(smooth, self.cells.min(), self.cells.max()), dtype=np.float32)

    @property
    def has_evidence(self) -> bool:
        """Whether any place speaks for the class."""
        return bool(self.cells.max() > 0)

    @property
    def meaning(self) -> Meaning:
        """What the values say."""
        return MEANINGS[self.method]
