"""`Map`: how much each place of an image speaks for a class."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.explain.methods import MEANINGS, Meaning, Method


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
    """

    cells: npt.NDArray[np.float32]
    size: tuple[int, int]
    method: Method
    of: str
    score: float

    @property
    def values(self) -> npt.NDArray[np.float32]:
        """The value of each pixel of the network's input, float32, shape `size`, smoothly between the cells."""
        height, width = self.size
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
