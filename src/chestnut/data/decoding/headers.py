"""Read format, mode, size and depth from the headers of image files, without decoding them.

These facts can reveal a label: for example, if all images of one class are PNG files.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, BinaryIO

from chestnut.data.decoding import npz_rows
from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.faults import FAULTS
from chestnut.data.decoding.limits import pixels_at_once
from chestnut.data.decoding.picture import open_picture
from chestnut.data.decoding.picture_header import check_header
from chestnut.data.decoding.raw import START, Raw, open_file, sniff
from chestnut.data.parallel import in_order
from chestnut.errors import ImageError

if TYPE_CHECKING:
    import pandas as pd

#: The byte of a PNG with the bits per sample (PNG 11.2.1), and the tag of a TIFF with the same.
_PNG_DEPTH, _TIFF_BITS = 24, 258

#: The samples of a pixel by the mode; those of other modes have one.
_SAMPLES = {"LA": 2, "PA": 2, "RGB": 3, "YCbCr": 3, "LAB": 3, "HSV": 3, "RGBA": 4, "RGBX": 4, "RGBa": 4, "CMYK": 4}

_UNREADABLE: tuple[type[Exception], ...] = (ImageError, *FAULTS)


@dataclass(frozen=True)
class Facts:
    """The facts about one image; empty and 0 if the file cannot be read.

    Attributes:
        format: The format: JPEG, PNG, TIFF, WEBP, BMP, DICOM or NPZ.
        mode: Pillow's name for the pixel type, such as L, RGB or I;16; for DICOM, the photometric interpretation.
        width: The stored width in pixels.
        height: The stored height in pixels.
        bits: The number of bits per sample.
        bytes: The size of the file in bytes; for a row of an archive, the size of its pixels.
    """

    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    bits: int = 0
    bytes: int = 0

    @property
    def decoded(self) -> int:
        """The number of bytes of all samples when they are decoded.

        >>> Facts("PNG", "RGBA", 1000, 1000, 16).decoded
        8000000
        """
        samples = 3 if self.mode.startswith("YBR") else _SAMPLES.get(self.mode, 1)
        return self.width * self.height * samples * -(-self.bits // 8)


def read_facts(references: Sequence[str], workers: int | None = None) -> pd.DataFrame:
    """Read the headers of images.

    Args:
        references: Paths, or rows such as `archive.npz#train/17`.
        workers: The number of threads; None for one per core.

    Returns:
        A table with one row per reference, in their order; the columns are the fields of `Facts`.
    """
    import pandas as pd  # who reads the size of one image does without

    rows = [npz_rows.parse(reference) for reference in references]
    arrays = {(row.archive, row.split): _read_array(row.archive, row.split) for row in rows if row}
    with quiet():
        read = in_order(partial(_read_one, arrays=arrays), list(zip(references, rows, strict=True)), workers)
        return pd.DataFrame([asdict(facts) for facts in read], columns=list(Facts.__dataclass_fields__))


def read_size(raw: Raw) -> tuple[int, int]:
    """Return the stored height and width of an image in pixels; 0 where they cannot be read. Call it inside `quiet`."""
    if not isinstance(raw.stored, bytes):
        height, width = raw.stored.shape[:2]
        return height, width
    facts = read_content_facts(raw.reference, raw.stored)
    return facts.height, facts.width


def read_content_facts(reference: str, content: bytes) -> Facts:
    """Return the facts about an image from the bytes of its file. Call it inside `quiet`.

    Args:
        reference: The image's name, for messages.
        content: The bytes of the file.
    """
    try:
        return _read_stream(io.BytesIO(content), reference, len(content))
    except _UNREADABLE:
        return Facts()


def _read_one(item: tuple[str, npz_rows.Row | None], arrays: dict[tuple[str, str], tuple[int, Facts]]) -> Facts:
    reference, row = item
    if row is not None:
        count, facts = arrays[row.archive, row.split]
        return facts if row.number < count else Facts()
    try:
        return _read_file(reference)
    except _UNREADABLE:
        return Facts()  # decoding reports what is wrong with the file


def _read_array(name: str, split: str) -> tuple[int, Facts]:
    """Return the number of rows in an archive's array, and the facts that all of them share."""
    try:
        shape, dtype = npz_rows.read_header(name, split)
    except ImageError:
        return 0, Facts()
    height, width = shape[1:3]
    samples = 3 if shape[3:] == (3,) else 1
    bits = 8 * dtype.itemsize
    mode = "RGB" if samples == 3 else "L" if bits == 8 else f"I;{bits}"
    return shape[0], Facts("NPZ", mode, width, height, bits, height * width * samples * dtype.itemsize)


def _read_file(path: str) -> Facts:
    with open_file(path) as file:
        return _read_stream(file, path, os.fstat(file.fileno()).st_size)


def _read_stream(file: BinaryIO, name: str, size: int) -> Facts:
    start = file.read(START)
    kind = sniff(start)
    file.seek(0)
    if not kind:
        return Facts()
    if kind == "DICOM":
        from chestnut.data.decoding.dicom import read_header

        return Facts("DICOM", *read_header(file, name), size)
    with pixels_at_once.hold(check_header(file, kind, name)):
        return _read_picture(file, kind, start, size)


def _read_picture(file: IO[bytes], kind: str, start: bytes, size: int) -> Facts:
    picture = open_picture(file, kind)
    bits = 1 if picture.mode == "1" else 32 if picture.mode in ("I", "F") else 16 if ";16" in picture.mode else 8
    if kind == "PNG":
        bits = start[_PNG_DEPTH]
    if kind == "TIFF":
        bits = getattr(picture, "tag_v2", {}).get(_TIFF_BITS, (bits,))[0]
    return Facts(kind, picture.mode, picture.width, picture.height, int(bits), size)
