"""Insertion and deletion: what the probability of a class does as the places of a map come and go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.explain.checks.estimates import mean_share, mean_value
from chestnut.explain.checks.method_check import Curves, Values
from chestnut.explain.checks.subjects import Subjects
from chestnut.progress import Tick

#: The cells along each side that come and go as a whole, and the steps in which all have gone.
CELLS, STEPS = 14, 7

#: The width of the smoothing, as a share of the side, that leaves an image without detail.
_SMOOTHING = 1 / 12

#: The random orders that each image is compared with.
_DRAWS = 2

#: Computes the probabilities of images, uint8, shape (n, height, width) → (n, classes).
Probabilities = Callable[[Grey], npt.NDArray[np.floating]]


class Areas(NamedTuple):
    """The mean probability of the class over the steps, from none of the places to all.

    Attributes:
        insertion: As places appear in a smoothed image, the most important first; high is good.
        deletion: As places are smoothed away, the most important first; low is good.
    """

    insertion: float
    deletion: float

    @property
    def gap(self) -> float:
        """How much higher the first is; about 0 for an order that has nothing to do with the class."""
        return self.insertion - self.deletion


def rank_cells(values: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Return the numbers of the cells of a map, row by row, from that with the largest mean to that with the least.

    Args:
        values: A map, shape (height, width).
    """
    means = cv2.resize(np.asarray(values, dtype=np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.argsort(-means.ravel(), kind="stable")


def measure_areas(image: Grey, order: npt.NDArray[np.int64], probabilities: Probabilities, index: int) -> Areas:
    """Measure the areas under the insertion and the deletion curve of an order of cells (Petsiuk et al. 2018).

    The curves are those of arXiv:1806.07421, but what is deleted is smoothed away rather than made grey: a grey patch
    is a sharp-edged thing that a chest image never has.

    Args:
        image: The image as the network sees it, uint8, shape (height, width).
        order: All cells, the most important first; see `rank_cells`.
        probabilities: Computes probabilities.
        index: The class, counted from 0.
    """
    smooth = _smooth(image)
    inserted = [_show(image, smooth, order[:count]) for count in _counts()]
    deleted = [_show(smooth, image, order[:count]) for count in _counts()]
    heights = probabilities(np.stack([*inserted, *deleted]))[:, index]
    return Areas(_area(heights[: len(inserted)]), _area(heights[len(inserted) :]))


def measure_random(subjects: Subjects, probabilities: Probabilities, seed: int, tick: Tick) -> list[Areas]:
    """Measure the areas of each image as the means over random orders of its cells."""
    found = []
    for row, (image, index) in enumerate(zip(subjects.images, subjects.targets, strict=True)):
        random = np.random.default_rng([seed, row])
        draws = [measure_areas(image, random.permutation(CELLS**2), probabilities, int(index)) for _ in range(_DRAWS)]
        found.append(Areas(*np.mean(draws, axis=0).tolist()))
        tick(row + 1, len(subjects))
    return found


def measure_curves(
    maps: Sequence[Values], subjects: Subjects, probabilities: Probabilities, random: Sequence[Areas], tick: Tick
) -> Curves:
    """Measure the curves of maps against those of random orders.

    Args:
        maps: The map of each image, shape (height, width).
        subjects: The images.
        probabilities: Computes probabilities.
        random: The areas of each image in random order.
        tick: Is told how many images are done.
    """
    found = []
    for row, (values, image, index) in enumerate(zip(maps, subjects.images, subjects.targets, strict=True)):
        found.append(measure_areas(image, rank_cells(values), probabilities, int(index)))
        tick(row + 1, len(subjects))
    patients = subjects.patients
    gain = [one.gap - other.gap for one, other in zip(found, random, strict=True)]
    return Curves(
        insertion=mean_share([one.insertion for one in found], patients),
        deletion=mean_share([one.deletion for one in found], patients),
        random_insertion=mean_share([one.insertion for one in random], patients),
        random_deletion=mean_share([one.deletion for one in random], patients),
        gain=mean_value(gain, patients),
    )


def _counts() -> npt.NDArray[np.int64]:
    return np.rint(np.linspace(0, CELLS**2, STEPS + 1)).astype(np.int64)


def _area(heights: npt.NDArray[np.floating]) -> float:
    """Return the area under a curve of equal steps by the trapezoid rule, as a share."""
    return float(np.mean((heights[1:] + heights[:-1]) / 2))


def _smooth(image: Grey) -> Grey:
    height, width = image.shape
    smooth = cv2.GaussianBlur(image, (0, 0), sigmaX=width * _SMOOTHING, sigmaY=height * _SMOOTHING)
    return np.asarray(smooth, dtype=np.uint8)


def _show(image: Grey, behind: Grey, cells: npt.NDArray[np.int64]) -> Grey:
    """Show some cells of an image, and another image elsewhere."""
    height, width = image.shape
    shown = np.zeros(CELLS**2, dtype=np.bool_)
    shown[cells] = True
    rows, columns = np.arange(height) * CELLS // height, np.arange(width) * CELLS // width
    return np.where(shown.reshape(CELLS, CELLS)[rows[:, np.newaxis], columns], image, behind)
