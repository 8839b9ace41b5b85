"""Read DICOM files with pydicom, within the limits on elements, their lengths and inflated bytes.

pydicom builds an object for every element and inflates a deflated file in one go, whatever the size. So it reads here
from a file that counts the elements, and deflated files are inflated step by step before.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from chestnut.data.decoding.faults import FAULTS
from chestnut.data.decoding.limits import MB, MOST_ELEMENT_BYTES, MOST_ELEMENTS, MOST_INFLATED_BESIDE
from chestnut.errors import ImageError

if TYPE_CHECKING:
    from pydicom import Dataset

#: pydicom reads the head of an element with one or two calls for so few bytes.
_HEAD_BYTES, _HEAD_READS = 12, 2

#: The inflated bytes in which the size of the pixels is looked for, and the bytes that are inflated at a time.
_START, _STEP = 4 * MB, 1 * MB

_SIZE = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")

#: The groups of elements that describe a file, its patient and its pixels.
_DESCRIBING = (0x0002, 0x0008, 0x0010, 0x0018, 0x0028)

#: What stands before the elements of a file in Explicit VR Little Endian: preamble, mark and transfer syntax.
_PLAIN = bytes(128) + b"DICM" + struct.pack("<HH2sH20s", 2, 0x10, b"UI", 20, b"1.2.840.10008.1.2.1")


class _DeflatedError(Exception):
    """Stops pydicom where it would inflate the rest of a file."""


def read_dataset(
    file: IO[bytes], reference: str, tags: Sequence[str] = (), *, force: bool = True, pixels: bool = True
) -> Dataset:
    """Read a DICOM file; a damaged one raises ValueError or other errors of pydicom's.

    Args:
        file: The open file.
        reference: The path, for messages.
        tags: The keywords of the elements to read; empty for all.
        force: Whether to read a file without the DICOM mark as well.
        pixels: Whether to read the pixels too.

    Raises:
        ImageError: The file has more elements, longer ones, or more deeply nested ones, or inflates to more bytes, than
            is allowed.
    """
    import pydicom

    def read(counted: _Counted) -> Dataset:
        return pydicom.dcmread(
            cast(BinaryIO, counted), force=force, stop_before_pixels=not pixels, specific_tags=list(tags) or None
        )

    with own_errors():
        try:
            try:
                dataset = read(_Counted(file, reference))
            except _DeflatedError:
                dataset = read(_Counted(_inflate(file.read(), reference), reference))
        except RecursionError:
            raise ImageError(reference, "nests DICOM sequences too deeply") from None
    _check_lengths(dataset, reference)
    return dataset


@contextmanager
def own_errors() -> Iterator[None]:
    """Turn pydicom's own errors, which have no common base class, into ValueError."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        yield
    except (BytesLengthException, InvalidDicomError) as error:
        raise ValueError(str(error)) from error


class _Counted:
    """A file that refuses to be read on when it has more than `MOST_ELEMENTS` elements."""

    def __init__(self, file: IO[bytes], reference: str) -> None:
        self._file = file
        self._reference = reference
        self._left = MOST_ELEMENTS * _HEAD_READS
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Read some bytes.

        Raises:
            ImageError: There were too many elements.
        """
        if size < 0:  # pydicom asks for all the rest only in order to inflate it
            raise _DeflatedError
        if size <= _HEAD_BYTES:
            self._left -= 1
            if self._left < 0:
                raise ImageError(self._reference, f"has more than {MOST_ELEMENTS:,} DICOM elements, the limit")
        return self._file.read(size)


def _inflate(deflated: bytes, reference: str) -> IO[bytes]:
    """Return a deflated file as one in Explicit VR Little Endian, if it inflates to what its pixels need."""
    import pydicom

    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    parts = [_PLAIN, stream.decompress(deflated, _START)]
    found: dict[str, int] = {}
    with suppress(*FAULTS):
        head = _Counted(io.BytesIO(b"".join(parts)), reference)
        read = pydicom.dcmread(cast(BinaryIO, head), stop_before_pixels=True, specific_tags=list(_SIZE))
        found = {name: int(read[name].value) for name in _SIZE}
    # Without a size there are no pixels that could be shown
    needed = found["Rows"] * found["Columns"] * found["SamplesPerPixel"] * found["BitsAllocated"] // 8 if found else 0
    most = needed + MOST_INFLATED_BESIDE
    size = len(parts[1])
    while stream.unconsumed_tail and not stream.eof:
        parts.append(stream.decompress(stream.unconsumed_tail, _STEP))
        size += len(parts[-1])
        if size > most:
            reason = f"inflates to more than {most:,} bytes, which is far more than its pixels need"
            raise ImageError(reference, reason)
    parts.append(stream.flush())
    return io.BytesIO(b"".join(parts))


def _check_lengths(elements: Dataset, reference: str) -> None:
    """Check the lengths of what is used, before pydicom makes each value a Python object."""
    from pydicom.dataelem import RawDataElement

    for element in cast("Iterable[object]", elements.values()):  # as they were read, not converted
        if isinstance(element, RawDataElement):
            length = len(element.value or b"")
            if element.tag.group in _DESCRIBING and length > MOST_ELEMENT_BYTES:
                limit = f"more than the limit of {MOST_ELEMENT_BYTES:,}"
                raise ImageError(reference, f"has {length:,} bytes in the DICOM element {element.tag}, {limit}")
        elif getattr(element, "VR", "") == "SQ" and element.tag.group in _DESCRIBING:  # type: ignore[attr-defined]
            for item in element.value:  # type: ignore[attr-defined]
                _check_lengths(item, reference)
