"""The call that finds the lungs in an image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError

if TYPE_CHECKING:
    from chestnut.lungfield.lungs import Lungs

#: More pixels than a side of any image that is decoded, so that none is shrunk.
_FULL = 1_000_000


def lungs(image: str | os.PathLike[str] | npt.NDArray[np.uint8]) -> Lungs:
    """Find the lungs in a frontal chest image.

    Args:
        image: A file of any format that chestnut reads, DICOM too; a row of an archive, `archive.npz#train/17`; or grey
            values 0..255, uint8, shape (height, width).

    Returns:
        The lungs: `mask`, `left` and `right` (bool, at the image's size), `box` (top, left, bottom and right in
        pixels), `hull`, `geometry`, `confidence`, and whether two plausible lungs were `found`. Where they were not,
        `reason` says why, and the box is the whole image.

    Raises:
        DataError: It is neither a file nor grey pixels.
        ImageError: The file cannot be decoded.
        ModelFileError: The network that comes with chestnut is missing or has changed.

    >>> import chestnut as cn
    >>> from chestnut.data.phantom.radiograph import draw_patient
    >>> found = cn.lungs(draw_patient(0, size=128)[0].pixels)
    >>> found.found, found.mask.shape
    (True, (128, 128))
    """
    from chestnut.lungfield.find import find_lungs

    if isinstance(image, np.ndarray):
        return find_lungs(image)
    if not isinstance(image, str | os.PathLike):
        raise DataError(f"an object of type {type(image).__name__}: give a file or grey pixels, uint8 (height, width)")
    from chestnut.data.decoding.decode import decode_whole

    return find_lungs(decode_whole(os.fspath(image), _FULL))
