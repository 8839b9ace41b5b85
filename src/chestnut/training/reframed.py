"""Training images whose lungs lie where other training images have theirs, so that framing tells no class."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.config import Recipe
from chestnut.errors import DataError
from chestnut.inference.engines.keras_engine import as_batch
from chestnut.lungfield.find import find_boxes
from chestnut.lungfield.move import move_lungs
from chestnut.progress import Bars
from chestnut.training.inputs import Images, Rows

#: Keeps these draws apart from others that are seeded by the seed of the run and the number of the epoch.
_DRAWS = 11


class Reframed:
    """Decoded training images, some of which are moved and scaled anew in every epoch.

    A moved image has the box around its lungs where another image has it, which is drawn by the seed of the run, the
    epoch and the row alone. Images without lungs stay as they are.

    Args:
        images: The images.
        boxes: The box around the lungs of each (top, left, bottom, right) in shares of the side, shape (n, 4); NaN
            where the lungs were not found.
        recipe: The recipe, whose `augment.reframe` is the share of the images to move.
    """

    def __init__(self, images: Images, boxes: npt.NDArray[np.float64], recipe: Recipe) -> None:
        self._images = images
        self._boxes = boxes
        self._recipe = recipe
        self._known = np.flatnonzero(~np.isnan(boxes).any(axis=1))
        self.set_epoch(0)

    def __len__(self) -> int:
        return len(self._images)

    def set_epoch(self, epoch: int) -> None:
        """Draw which images take their frame from which others; -1 stands for none."""
        random = np.random.default_rng([self._recipe.seed, epoch, _DRAWS])
        moved = random.random(len(self)) < self._recipe.augment.reframe
        # Another of the images with lungs: one of the others counts for each, and those from its own place on are later
        others = random.integers(len(self._known) - 1, size=len(self))
        places = np.full(len(self), len(self._known))
        places[self._known] = np.arange(len(self._known))
        self._donors = np.where(moved, self._known[others + (others >= places)], -1)

    def batch(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """Return images with grey values 0..255, shape (b, height, width, channels)."""
        return as_batch(self.raw(rows), self._images.spec)

    def raw(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """Return the grey values of some rows, moved, shape (b, height, width)."""
        grey = self._images.raw(rows)
        return np.stack([self._move(image, int(row)) for image, row in zip(grey, rows, strict=True)])

    def expand(self, raw: Any) -> Any:
        """Repeat grey values for each channel of the network's input, on the device."""
        return self._images.expand(raw)

    def stored(self) -> None:
        """Return None, since images are moved anew in every epoch."""

    def _move(self, image: npt.NDArray[np.uint8], row: int) -> npt.NDArray[np.uint8]:
        box, donor = self._boxes[row], int(self._donors[row])
        if donor < 0 or np.isnan(box).any():
            return image
        return move_lungs(image, tuple(box), tuple(self._boxes[donor]), self._recipe.augment.fill)


def training_images(pixels: Any, recipe: Recipe, bars: Bars) -> Images | Reframed:
    """Return the training images as a recipe's `augment.reframe` wants them.

    Args:
        pixels: The grey values of the training images, array-like, uint8, shape (n, height, width).
        recipe: The recipe.
        bars: The progress bars for finding the lungs, which is done only where images are to be moved.

    Raises:
        DataError: Images are to be moved, and lungs are found in fewer than two of them.
    """
    images = Images(pixels, recipe.input)
    if not recipe.augment.reframe:
        return images
    with bars("Finding lungs") as tick:
        boxes = find_boxes(pixels, tick)
    if (found := int((~np.isnan(boxes[:, 0])).sum())) < 2:
        raise DataError(
            f"augment.reframe places lungs where another image has them, and lungs were found in {found:,} of "
            f"{len(images):,} training images; give augment.reframe=0, or look at the images by chestnut show --lungs"
        )
    return Reframed(images, boxes, recipe)
