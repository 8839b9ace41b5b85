"""Decode JPEG, PNG, TIFF, WebP and BMP with Pillow to grey pixels at the input size.

Damaged bytes may raise any exception; `decode.render` turns it into an `ImageError`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from chestnut.config import InputSpec
from chestnut.data.decoding.depth import luma, to_uint8
from chestnut.data.decoding.limits import MOST_BYTES, MOST_EXIF_BYTES, check_size, pixels_at_once
from chestnut.data.decoding.picture_header import check_header
from chestnut.data.decoding.resize import Whole, centred, place
from chestnut.errors import ImageError

#: The plug-in classes, because the limit on pixels of `Image.open` is global to the process.
_OPENERS: dict[str, Callable[[IO[bytes]], ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}

#: The transposition that makes each EXIF orientation upright (CIPA DC-008, tag 0x0112).
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: The orientations that exchange width and height.
_LYING = (5, 6, 7, 8)

_ORIENTATION, _PHOTOMETRIC, _WHITE_IS_ZERO = 0x0112, 262, 0


def open_picture(file: IO[bytes], kind: str) -> ImageFile.ImageFile:
    """Read the header of a picture in a format that `raw.sniff` returned, after `picture_header.check_header`."""
    return _OPENERS[kind](file)


def read_picture(data: bytes, kind: str, reference: str, spec: InputSpec) -> Image.Image:
    """Decode a picture, make it upright and resample it.

    Args:
        data: The file's bytes.
        kind: The format that `raw.sniff` returned.
        reference: The path, for messages.
        spec: The height, width, and how it is resized.

    Returns:
        A picture of mode L and the size in `spec`.

    Raises:
        ImageError: The header declares too much, or the file has several pages or frames.
    """
    with _opened(data, kind, reference) as picture:
        deep, orientation = _is_deep(picture, kind), _read_orientation(picture, kind, reference)
        target = (spec.height, spec.width) if orientation in _LYING else (spec.width, spec.height)
        placement = place(picture.size, target, spec.resize)
        ratio = placement.ratio if spec.resample == "area" else 1.0
        scale = _reduce(picture, ratio) if kind == "JPEG" else (1.0, 1.0)
        part = placement.cut(_grey(picture, data, deep), scale, spec.resample)
    turn = _TURNS.get(orientation)
    return centred(part if turn is None else part.transpose(turn), spec)


def read_whole(data: bytes, kind: str, reference: str, ratio: Callable[[tuple[int, int]], float]) -> Whole:
    """Decode a whole picture and make it upright.

    Args:
        data: The file's bytes.
        kind: The format that `raw.sniff` returned.
        reference: The path, for messages.
        ratio: Receives the upright picture's size, (width, height), and returns how many of its pixels become one; a
            JPEG may be decoded at a smaller size with at least so many.

    Raises:
        ImageError: As `read_picture`.
    """
    with _opened(data, kind, reference) as picture:
        deep, orientation = _is_deep(picture, kind), _read_orientation(picture, kind, reference)
        width, height = picture.size
        size = (height, width) if orientation in _LYING else (width, height)
        if kind == "JPEG":
            _reduce(picture, ratio(size))
        grey = _grey(picture, data, deep)
    turn = _TURNS.get(orientation)
    return Whole(grey if turn is None else grey.transpose(turn), size)


@contextmanager
def _opened(data: bytes, kind: str, reference: str) -> Iterator[ImageFile.ImageFile]:
    """Open a picture after a check of its header; its pixels count against the limit until the block ends."""
    file = io.BytesIO(data)
    opening = check_header(file, kind, reference)
    with pixels_at_once.hold(opening):
        picture = open_picture(file, kind)
        check_size(*picture.size, reference)
        if getattr(picture, "is_animated", False):  # not n_frames, which reads all pages of a TIFF
            raise ImageError(reference, "contains several pages or frames; save the one you need as a separate file")
        with pixels_at_once.hold(0 if opening else picture.width * picture.height):
            yield picture


def _is_deep(picture: ImageFile.ImageFile, kind: str) -> bool:
    """Tell whether colours have 16 bits: before the orientation is read, which in a PNG discards the tiles."""
    return kind != "JPEG" and ";16" in str(picture.tile)


def _read_orientation(picture: ImageFile.ImageFile, kind: str, reference: str) -> Any:
    if kind == "TIFF":  # Pillow itself makes it upright
        return 1
    exif = picture.getexif()
    length = len(picture.info.get("exif") or b"")
    if length > MOST_EXIF_BYTES:
        raise ImageError(reference, f"has {length:,} bytes of EXIF, more than the limit of {MOST_EXIF_BYTES:,}")
    return exif.get(_ORIENTATION, 1)


def _reduce(picture: ImageFile.ImageFile, ratio: float) -> tuple[float, float]:
    """Prepare a JPEG to be decoded to grey at 1/2, 1/4 or 1/8 of its size, if that is not smaller than the result.

    Returns:
        The decoded pixels per pixel of the picture, along x and y.
    """
    width, height = picture.size
    factor = next((factor for factor in (8, 4, 2) if factor <= ratio), 1)
    drafted = picture.draft("L", (max(1, width // factor), max(1, height // factor)))
    picture.decodermaxblock = MOST_BYTES  # decode in a single call: between calls, threads wait for each other
    if drafted is None:
        return 1.0, 1.0
    _, (_, _, across, down) = drafted
    return across / width, down / height


def _grey(picture: ImageFile.ImageFile, data: bytes, deep: bool) -> Image.Image:
    """Return all pixels in mode L: ITU-R 601 luma of colour, on black where pixels are transparent."""
    white_is_zero = picture.mode != "L" and _tag(picture, _PHOTOMETRIC) == _WHITE_IS_ZERO
    picture.load()
    if picture.mode == "F" or picture.mode.startswith("I"):
        grey = to_uint8(np.asarray(picture))
        return Image.fromarray(255 - grey if white_is_zero else grey)
    if deep:  # Pillow keeps only the upper byte of 16-bit colour, which is nearly black if 12 bits are used
        values = _deep_luma(data, picture.size)
        if values is not None:
            return Image.fromarray(to_uint8(values))
    if not picture.has_transparency_data:
        return picture if picture.mode == "L" else picture.convert("L")
    coloured = picture.convert("RGBA")
    return ImageChops.multiply(coloured.convert("L"), coloured.getchannel("A"))


def _tag(picture: ImageFile.ImageFile, number: int) -> Any:
    return picture.tag_v2.get(number) if isinstance(picture, TiffImagePlugin.TiffImageFile) else None


def _deep_luma(data: bytes, size: tuple[int, int]) -> npt.NDArray[np.uint16] | None:
    """Return the luma of 16-bit colour on black, shape (height, width); None if OpenCV reads it unlike Pillow."""
    import cv2

    read = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if read is None or read.dtype != np.uint16 or read.ndim != 3 or read.shape[1::-1] != size:
        return None
    grey: npt.NDArray[np.uint16] = luma(read[..., 2::-1])
    if read.shape[2] == 4:
        for row, opacity in zip(grey, read[..., 3], strict=True):
            row[:] = np.rint(row * (opacity / np.float32(65535)))
    return grey
