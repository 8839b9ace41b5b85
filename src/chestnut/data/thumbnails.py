"""Make small pictures of image files, as JPEG."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from chestnut.data.decoding.decode import quiet, render_whole
from chestnut.data.decoding.raw import fetched

#: The JPEG quality: at this one, a thumbnail of a radiograph shows no blocks.
_QUALITY = 82


def thumbnail(path: str, side: int = 256) -> bytes:
    """Return a small picture of an image file as JPEG: the whole image, upright, in its own proportions.

    Args:
        path: The image, as in a manifest's `path`: a file, or `archive.npz#train/17`.
        side: The most pixels of the longer side, 1 or more.

    Raises:
        ImageError: The image cannot be read.
    """
    with quiet(), fetched(path) as raw:
        grey, _ = render_whole(raw, side)
    return encode_jpeg(grey)


def encode_jpeg(values: npt.NDArray[np.uint8]) -> bytes:
    """Return a picture as JPEG.

    Args:
        values: Grey values, uint8, shape (height, width), or colours (red, green, blue), shape (height, width, 3).
    """
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(values)).save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()
