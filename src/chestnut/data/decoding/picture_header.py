"""Check what the headers of WebP and TIFF declare, before Pillow opens them.

Pillow opens the other formats without memory for their pixels. WebP it unpacks at once, and of a TIFF it makes every
value of a tag a Python number.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import IO

from chestnut.data.decoding.limits import MOST_PIXELS, MOST_TAG_VALUES, MOST_TAGS, check_size
from chestnut.errors import ImageError

#: The types of a TIFF's values that become bytes or text, not numbers: BYTE, ASCII, SBYTE, UNDEFINED.
_TEXT_TYPES = frozenset({1, 2, 6, 7})

#: The tags with the width and height of a tile, and the struct formats of the types that they may have.
_TILE_SIDES, _INTEGERS = (322, 323), {3: "H", 4: "I", 16: "Q"}


def check_header(file: IO[bytes], kind: str, reference: str) -> int:
    """Check the header of a picture; the file is at its beginning afterwards.

    Args:
        file: The open file, at its beginning.
        kind: The format that `raw.sniff` returned.
        reference: The path, for messages.

    Returns:
        The number of pixels that opening the file takes memory for.

    Raises:
        ImageError: A size, the number of tags or the number of values of a tag is beyond its limit.
    """
    pixels = 0
    if kind == "WEBP":
        size = _read_webp_size(file.read(30))
        if size is not None:
            check_size(*size, reference)
            pixels = size[0] * size[1]
    elif kind == "TIFF":
        with suppress(struct.error):  # it ends too early, which Pillow reports
            _check_tags(file, reference)
    file.seek(0)
    return pixels


def _read_webp_size(start: bytes) -> tuple[int, int] | None:
    """Return the width and height of a WebP from its first chunk (RFC 9649), or None if it is damaged."""
    if len(start) < 30:
        return None
    if start[12:16] == b"VP8X":
        return int.from_bytes(start[24:27], "little") + 1, int.from_bytes(start[27:30], "little") + 1
    if start[12:16] == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if start[12:16] == b"VP8 ":
        width, height = struct.unpack_from("<HH", start, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _check_tags(file: IO[bytes], reference: str) -> None:
    """Check the number of tags of a TIFF's first page, of their values, and the size of a tile."""
    start = file.read(16)
    order, big = ("<" if start[:1] == b"I" else ">"), 43 in start[2:4]
    (offset,) = struct.unpack_from(f"{order}Q" if big else f"{order}I", start, 8 if big else 4)
    file.seek(min(offset, 2**62))
    (count,) = struct.unpack(f"{order}Q" if big else f"{order}H", file.read(8 if big else 2))
    if count > MOST_TAGS:
        raise ImageError(reference, f"declares {count:,} TIFF tags, more than the limit of {MOST_TAGS:,}")
    entry = struct.Struct(f"{order}HHQ8s" if big else f"{order}HHI4s")
    tile = 1
    for _ in range(count):
        tag, kind, values, content = entry.unpack(file.read(entry.size))
        if values > MOST_TAG_VALUES and kind not in _TEXT_TYPES:
            limit = f"more than the limit of {MOST_TAG_VALUES:,}"
            raise ImageError(reference, f"declares {values:,} values of the TIFF tag {tag}, {limit}")
        if tag in _TILE_SIDES and kind in _INTEGERS and values == 1:
            tile *= struct.unpack_from(f"{order}{_INTEGERS[kind]}", content)[0] if big or kind != 16 else 1
    if tile > MOST_PIXELS:
        raise ImageError(reference, f"declares tiles of {tile:,} pixels, more than the limit of {MOST_PIXELS:,}")
