"""Lesions whose outlines are known, and whether a map points at them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from chestnut.data.decoding.torn_files import refuse_torn_files
from chestnut.errors import ImageError, in_one_line
from chestnut.explain.checks.estimates import mean_share, mean_value
from chestnut.explain.checks.method_check import LesionFigures, Values
from chestnut.explain.checks.subjects import Subjects
from chestnut.explain.checks.zones import Mask
from chestnut.lungfield.heat import share_inside

#: How far from a lesion the maximum of a map may lie, as a share of the side: 15 of 224 pixels (Zhang et al. 2018,
#: International Journal of Computer Vision 126:1084-1102).
TOLERANCE = 15 / 224

#: The folder of masks beside the folders of classes.
FOLDER = "_masks"


def find_mask(path: str, root: Path) -> Path | None:
    """Return the mask file of an image, `_masks/NAME.png` in the folder of the data set; None if there is none."""
    mask = root / FOLDER / f"{Path(path).stem}.png"
    return mask if mask.is_file() else None


def read_mask(path: Path) -> Mask:
    """Read a mask file: white inside, black outside.

    Raises:
        ImageError: The file is no picture.
    """
    try:
        with refuse_torn_files(), Image.open(path) as picture:
            return np.asarray(picture.convert("L")) >= 128
    except (OSError, ValueError) as error:
        raise ImageError(str(path), f"no picture of a mask ({in_one_line(error)}); restore it, or remove it") from error


def widen(lesion: Mask) -> Mask:
    """Widen a lesion on all sides by the tolerance of the pointing game.

    Args:
        lesion: The lesion as a network sees it, shape (height, width).
    """
    reach = math.floor(TOLERANCE * max(lesion.shape))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(lesion.astype(np.uint8), disc) > 0)


def point(values: npt.NDArray[np.floating], target: Mask) -> float:
    """Return whether the maximum of a map lies in a target: 1 or 0, or a share where the maximum is at several places.

    A map without any positive value points nowhere: 0.

    Args:
        values: A map, shape (height, width).
        target: The target, of the same shape.

    >>> point(np.array([[3.0, 1.0]]), np.array([[True, False]])), point(np.array([[-1.0, -2.0]]), np.ones((1, 2), bool))
    (1.0, 0.0)
    """
    largest = values.max()
    return float(target[values == largest].mean()) if largest > 0 else 0.0


def measure_lesions(maps: Sequence[Values], subjects: Subjects) -> LesionFigures | None:
    """Measure how well maps find the lesions of images; None where no lesion is known.

    Args:
        maps: The map of each image, shape (height, width).
        subjects: The images.
    """
    known = [(row, lesion) for row, lesion in enumerate(subjects.lesions) if lesion is not None]
    if not known:
        return None
    patients = subjects.patients[[row for row, _ in known]]
    mass = np.array([share_inside(maps[row], lesion) for row, lesion in known])
    area = np.array([lesion.mean() for _, lesion in known])
    targets = [widen(lesion) for _, lesion in known]
    hits = [point(maps[row], target) for (row, _), target in zip(known, targets, strict=True)]
    return LesionFigures(
        images=len(known),
        mass=mean_share(mass, patients),
        area=float(area.mean()),
        excess=mean_value(mass - area, patients),
        hits=mean_share(hits, patients, hits=True),
        chance=float(np.mean([target.mean() for target in targets])),
    )
