"""What files say of themselves in their headers: format, mode, size, depth. Nothing is decoded.

The audit compares these facts with the classes, since they can give a label away.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import pandas as pd

from chestnut.data.decoding import npz_rows
from chestnut.data.decoding.decode import FAULTS, quiet
from chestnut.data.decoding.picture import open_picture
from chestnut.data.decoding.raw import START, open_file, sniff
from chestnut.data.parallel import in_order
from chestnut.errors import ImageError

#: Byte of a PNG that holds its bits a sample (PNG 11.2.1), and the tag of a TIFF.
_PNG_DEPTH, _TIFF_BITS = 24, 258

_UNREADABLE: tuple[type[Exception], ...] = (ImageError, *FAULTS)


@dataclass(frozen=True)
class Facts:
    """One image's facts; empty and 0 where the file cannot be read.

    Attributes:
        format: JPEG, PNG, TIFF, WEBP, BMP, DICOM or NPZ.
        mode: Pillow's name of the pixel type, such as L, RGB or I;16; of DICOM its photometric interpretation.
        width: Pixels, as stored.
        height: Pixels, as stored.
        bits: Bits a sample.
        bytes: Size of the file; of an archive's row the size of its pixels.
    """

    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    bits: int = 0
    bytes: int = 0


def read_facts(references: Sequence[str], workers: int | None = None) -> pd.DataFrame:
    """Read the headers of images.

    Args:
        references: Paths, or rows such as `archive.npz#train/17`.
        workers: Threads; None for one a core.

    Returns:
        One row a reference, in their order; the columns are the fields of `Facts`.
    """
    rows = [npz_rows.parse(reference) for reference in references]
    arrays = {(row.archive, row.split): _of_array(row.archive, row.split) for row in rows if row}
    with quiet():
        read = in_order(partial(_facts, arrays=arrays), list(zip(references, rows, strict=True)), workers)
        return pd.DataFrame([asdict(facts) for facts in read], columns=list(Facts.__dataclass_fields__))


def _facts(item: tuple[str, npz_rows.Row | None], arrays: dict[tuple[str, str], tuple[int, Facts]]) -> Facts:
    reference, row = item
    if row is not None:
        count, facts = arrays[row.archive, row.split]
        return facts if row.number < count else Facts()
    try:
        return _of_file(reference)
    except _UNREADABLE:
        return Facts()  # decoding says what is wrong with it


def _of_array(name: str, split: str) -> tuple[int, Facts]:
    """How many rows an archive's array has, and the facts that they share."""
    try:
        shape, dtype = npz_rows.read_header(name, split)
    except ImageError:
        return 0, Facts()
    height, width = shape[1:3]
    samples = 3 if shape[3:] == (3,) else 1
    bits = 8 * dtype.itemsize
    mode = "RGB" if samples == 3 else "L" if bits == 8 else f"I;{bits}"
    return shape[0], Facts("NPZ", mode, width, height, bits, height * width * samples * dtype.itemsize)


def _of_file(path: str) -> Facts:
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(START)
        kind = sniff(start)
        file.seek(0)
        if not kind:
            return Facts()
        if kind == "DICOM":
            from chestnut.data.decoding.dicom import read_header

            return Facts("DICOM", *read_header(file), size)
        picture = open_picture(file, kind)
        bits = 1 if picture.mode == "1" else 32 if picture.mode in ("I", "F") else 16 if ";16" in picture.mode else 8
        if kind == "PNG":
            bits = start[_PNG_DEPTH]
        if kind == "TIFF":
            bits = getattr(picture, "tag_v2", {}).get(_TIFF_BITS, (bits,))[0]
        return Facts(kind, picture.mode, picture.width, picture.height, int(bits), size)
