"""What an image may take: the limits that are checked against its header before memory is allocated.

docs/limits.md explains them to users; a test compares the two.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from chestnut.errors import ImageError
from chestnut.processors import core_count

MB = 1_000_000

#: The most pixels an image may declare; twice the size of the largest stitched radiographs.
MOST_PIXELS = 100 * MB

#: The most pixels that a side may have per pixel of the other. Decoders also need memory for every row and column.
MOST_ASPECT = 50

#: The most bytes a file may have: more than `MOST_PIXELS` of 32 bits.
MOST_BYTES = 500 * MB

#: The most bytes of memory that decoding takes for each pixel, beside the file: colour of 16 bits with transparency.
BYTES_PER_PIXEL = 25

#: The pixels that threads may decode at a time, for each core, but always `MOST_PIXELS`; and the bytes of their files.
PIXELS_PER_CORE, MOST_BYTES_AT_ONCE = 10 * MB, MOST_BYTES

#: The most tags of a TIFF, and the most values of a tag: every strip and tile has one. Pillow makes each a number.
MOST_TAGS, MOST_TAG_VALUES = 1_000, 400_000

#: The most bytes of EXIF in a picture. Cameras write less than 65,536.
MOST_EXIF_BYTES = 1 * MB

#: The most elements in a DICOM file, those in sequences and the sequences' items included.
MOST_ELEMENTS = 50_000

#: The most bytes of an element of a DICOM file that describes the pixels; the largest table has 131,072.
MOST_ELEMENT_BYTES = 1 * MB

#: The most bytes that a deflated DICOM file may inflate to, beside those that its declared pixels need.
MOST_INFLATED_BESIDE = 20 * MB

#: The most images in an archive, or rows in a table.
MOST_ROWS = 2_000_000

#: The most bytes of a table, of its first line, and the most columns; and the most characters of a cell that is used.
MOST_TABLE_BYTES, MOST_HEADING_BYTES, MOST_COLUMNS, MOST_CELL_CHARACTERS = 200 * MB, 200_000, 5_000, 4_000

#: The most folders above an image, below the data set's own.
MOST_FOLDERS = 50

#: The most bytes of an `.npz` archive, and of one of its arrays, which stays in memory while it is decoded.
MOST_ARCHIVE_BYTES, MOST_ARRAY_BYTES = 16_000 * MB, 4_000 * MB

#: How many times its compressed size an array may have, if it has more than `FREE_ARRAY_BYTES`. Radiographs are
#: compressed to a half or a third.
MOST_ARRAY_RATIO, FREE_ARRAY_BYTES = 100, 100 * MB


def check_size(width: int, height: int, reference: str) -> None:
    """Check the size in a header before memory is allocated for it.

    Args:
        width: The declared width in pixels.
        height: The declared height in pixels.
        reference: The path, for messages.

    Raises:
        ImageError: The size is zero, more than `MOST_PIXELS`, or a strip narrower than `MOST_ASPECT` allows.
    """
    if width < 1 or height < 1:
        raise ImageError(reference, f"declares {width}×{height} pixels, so it has no picture")
    if width * height > MOST_PIXELS:
        limit = f"more than the limit of {MOST_PIXELS // MB} megapixels"
        raise ImageError(reference, f"declares {width:,}×{height:,} pixels, {limit}")
    if max(width, height) > MOST_ASPECT * min(width, height):
        limit = f"a strip narrower than the limit of 1:{MOST_ASPECT}"
        raise ImageError(reference, f"declares {width:,}×{height:,} pixels, {limit}")


class Gate:
    """Keeps what several threads hold at a time below a limit; who would exceed it waits.

    Args:
        most: The limit. Who needs more than that enters alone.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, amount: int) -> Iterator[None]:
        """Wait until there is room for an amount, and hold it during the block."""
        with self._changed:
            self._changed.wait_for(lambda: self._held + amount <= self._most or not self._held)
            self._held += amount
        try:
            yield
        finally:
            with self._changed:
                self._held -= amount
                self._changed.notify_all()


# The gates of this process. Who holds pixels never waits for bytes, so that somebody can always go on
pixels_at_once = Gate(max(MOST_PIXELS, PIXELS_PER_CORE * core_count()))
bytes_at_once = Gate(MOST_BYTES_AT_ONCE)
