"""Tell masks from radiographs by their names: pictures that show which part of an image is lung or lesion.

Segmentation data keep them in a folder beside the images (`COVID/images`, `COVID/masks`), with the same names, or in
the same folder (`1.png`, `1_mask.png`). Taken for radiographs, they would be half of the data.
"""
# ruff: noqa: PTH122

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

_MASKS = re.compile(r"mask|segmentation|ground.?truth", re.IGNORECASE)
_IMAGES = re.compile(r"image|img|cxr|x.?ray|radiograph|scan|picture|original|png|jpe?g|dicom|dcm", re.IGNORECASE)
_MARK = r"(?:mask|seg|segmentation|gt)s?"
_BEFORE, _AFTER = re.compile(rf"^{_MARK}[-_. ]", re.IGNORECASE), re.compile(rf"[-_. ]{_MARK}$", re.IGNORECASE)


def hold_masks(folder: str, beside: str) -> bool:
    """Tell whether a folder's name says that it holds the masks of the images in the folder beside it.

    Both names must say so: a class may well be called mask.

    >>> hold_masks("masks", "images"), hold_masks("mask", "no mask"), hold_masks("lung masks", "NORMAL")
    (True, False, False)
    """
    return bool(may_hold_masks(folder) and _IMAGES.search(beside) and not _MASKS.search(beside))


def may_hold_masks(folder: str) -> bool:
    """Tell whether a folder's name says that it holds masks, whatever is beside it."""
    return bool(_MASKS.search(folder))


def mostly_named_alike(masks: Iterable[str], images: Iterable[str]) -> bool:
    """Tell whether more than half of the masks have the name of an image, but for the suffix and the word "mask".

    >>> mostly_named_alike(["a/1_mask.png", "a/2.png"], ["b/1.jpg", "b/2.jpg", "b/3.jpg"])
    True
    """
    known = {_stem(path) for path in images}
    found = [_stem(path) in known or _base(path) in known for path in masks]
    return sum(found) > len(found) / 2


def masks_among(images: Sequence[str]) -> set[str]:
    """Return the paths in one folder that are masks of others: their names add only the word "mask".

    >>> masks_among(["1.png", "1_mask.png", "2_mask.png"])
    {'1_mask.png'}
    """
    stems = {_stem(path) for path in images}
    return {path for path in images if _base(path) != _stem(path) and _base(path) in stems}


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0].lower()


def _base(path: str) -> str:
    """Return the stem of a path without the word that marks a mask."""
    return _BEFORE.sub("", _AFTER.sub("", _stem(path)))
