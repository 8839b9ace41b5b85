"""Read what a compressed picture in a DICOM file declares: its size and the bytes it unpacks to.

The picture has a header of its own, which need not agree with that of the file and decides how much memory a decoder
takes.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

#: The marks of a JPEG (also JPEG-LS), a JPEG 2000 codestream, and the box that begins a JPEG 2000 file.
_JPEG, _JPEG_2000, _BOXES = b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"

#: The markers of a JPEG that come with a size: SOF0 to SOF15 without DHT, JPG and DAC; SOF55 is JPEG-LS.
_SIZES = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})

#: The markers of a JPEG without a length.
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})

#: The bytes of an RLE segment whose decoded length need not be counted: they become at most 64 times as many.
_SHORT_SEGMENT = 4_000_000


class Declared(NamedTuple):
    """The size that a compressed picture declares: width and height in pixels, and its colours."""

    width: int
    height: int
    samples: int


def is_boxed(frame: bytes) -> bool:
    """Tell whether a picture is a JPEG 2000 file with boxes; the standard allows only the codestream inside."""
    return frame[: len(_BOXES)] == _BOXES


def read_declared(frame: bytes) -> Declared | None:
    """Return what a JPEG, JPEG-LS or JPEG 2000 picture declares; None if these bytes are none, or are damaged.

    >>> read_declared(bytes.fromhex("ffd8ffc0000b08001000200101"))
    Declared(width=32, height=16, samples=1)
    """
    try:
        if frame[:2] == _JPEG:
            return _read_jpeg(frame)
        start = _find_codestream(frame) if is_boxed(frame) else 0
        if frame[start : start + 4] != _JPEG_2000:
            return None
        right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)  # ISO/IEC 15444-1 A.5.1
        (samples,) = struct.unpack_from(">H", frame, start + 40)
    except (struct.error, IndexError):
        return None
    return Declared(right - left, bottom - top, samples)


def _read_jpeg(frame: bytes) -> Declared | None:
    at = 2
    while True:
        if frame[at] != 0xFF:
            at += 1  # decoders skip what is between two segments
            continue
        marker = frame[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _BARE or marker == 0:
            at += 2
        elif marker in _SIZES:
            height, width, samples = struct.unpack_from(">HHB", frame, at + 5)
            return Declared(width, height, samples)
        else:
            at += 2 + int(struct.unpack_from(">H", frame, at + 2)[0])


def _find_codestream(frame: bytes) -> int:
    """Return where the codestream begins in a JPEG 2000 file, a row of boxes (ISO/IEC 15444-1 I.4)."""
    at = 0
    while True:
        length, name = struct.unpack_from(">I4s", frame, at)
        if name == b"jp2c":
            return at + 8
        if length < 8:  # a box without end or of more than 4 GB, which is of no use before the codestream
            return len(frame)
        at += length


def fits_rle(frame: bytes, plane: int) -> bool:
    """Tell whether each segment of an RLE picture (PS3.5 G.5) decodes to about the bytes of a plane of pixels.

    Args:
        frame: The compressed picture.
        plane: The bytes of a plane: one for each pixel.
    """
    if len(frame) <= _SHORT_SEGMENT:
        return True
    count, *starts = struct.unpack_from("<16I", frame)
    ends = [*starts[1:count], len(frame)]
    return all(_fits_segment(frame, start, end, plane) for start, end in zip(starts[:count], ends, strict=False))


def _fits_segment(frame: bytes, start: int, end: int, plane: int) -> bool:
    if end - start <= _SHORT_SEGMENT:
        return True
    at, most, length = start, plane + _SHORT_SEGMENT, 0
    while at < end and length <= most:
        head = frame[at]
        if head < 128:
            length += head + 1
            at += head + 2
        elif head > 128:
            length += 257 - head
            at += 2
        else:
            at += 1
    return length <= most
