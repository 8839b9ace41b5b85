"""Decode DICOM files to 8 bits of grey, as a viewer shows them.

The steps are those of the standard's grey-scale pipeline (PS3.4 N.2): stored values, modality LUT, VOI LUT or window,
then inversion for MONOCHROME1.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chestnut.data.decoding.depth import luma, spread, spread_percentiles
from chestnut.data.decoding.raw import check_pixels
from chestnut.errors import ImageError

if TYPE_CHECKING:
    from pydicom import Dataset

_HEADER_TAGS = ("Rows", "Columns", "BitsStored", "PhotometricInterpretation")

#: Start and size markers of a JPEG 2000 codestream (ISO/IEC 15444-1 A.4, A.5).
_JPEG_2000 = b"\xff\x4f\xff\x51"


@contextmanager
def _own_errors() -> Iterator[None]:
    """Turn pydicom's own errors, which have no common base class, into ValueError."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        yield
    except (BytesLengthException, InvalidDicomError) as error:
        raise ValueError(str(error)) from error


class Header(NamedTuple):
    """The facts about the pixels in a file's header."""

    photometric: str
    width: int
    height: int
    bits: int


@_own_errors()
def read_header(file: IO[bytes]) -> Header:
    """Read the header without the pixels; a damaged header, or one without these facts, raises pydicom's errors."""
    import pydicom

    read = pydicom.dcmread(file, force=True, stop_before_pixels=True, specific_tags=list(_HEADER_TAGS))
    return Header(str(read.PhotometricInterpretation), int(read.Columns), int(read.Rows), int(read.BitsStored))


@_own_errors()
def read_grey(data: bytes, reference: str) -> npt.NDArray[np.uint8]:
    """Decode a single-frame file.

    A window of width 0 or less counts as no window. Without VOI LUT and window, the 0.1st to 99.9th percentile is
    spread over the full range, as viewers do. Padding pixels become black.

    Args:
        data: The file's bytes.
        reference: The path, for messages.

    Returns:
        Grey values 0..255, shape (rows, columns).

    Raises:
        ImageError: The file has no pixels, several frames or too many pixels. A damaged file raises pydicom's errors.
    """
    import pydicom

    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    _check_image(dataset, reference)
    _complete_syntax(dataset)
    stored = _read_stored(dataset, reference)
    photometric = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
    if photometric == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        colour = apply_color_lut(stored, dataset)
        return _grey_of_colour(colour, 8 * colour.dtype.itemsize)
    if stored.ndim == 3:
        return _grey_of_colour(stored, int(dataset.BitsStored))
    padding = _padding(stored, dataset)
    grey = _window(stored, dataset, padding)
    if photometric == "MONOCHROME1":
        grey = 255 - grey
    if padding is not None:
        grey[padding] = 0
    return grey


def _check_image(dataset: Dataset, reference: str) -> None:
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        kind = getattr(dataset.get("SOPClassUID"), "name", None)
        raise ImageError(reference, f"is a DICOM file{f' ({kind})' if kind else ''} that has no pixels or is truncated")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise ImageError(reference, f"contains {frames} frames; save the one you need as a separate file")
    declared = [(int(dataset.get("Columns") or 0), int(dataset.get("Rows") or 0))]
    if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
        start = dataset.PixelData[:4096].find(_JPEG_2000)
        if start >= 0:  # the size in the codestream decides how much memory the decoder takes
            declared.append(struct.unpack(">II", dataset.PixelData[start + 8 : start + 16]))
    for width, height in declared:
        check_pixels(width, height, reference)


def _complete_syntax(dataset: Dataset) -> None:
    """Set the transfer syntax of a file without meta information to the one with which it was read."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def _read_stored(dataset: Dataset, reference: str) -> npt.NDArray[Any]:
    """Return the stored values; YBR colour is converted to RGB."""
    from pydicom.pixels import pixel_array

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        values: npt.NDArray[Any] = pixel_array(dataset)
    except (RuntimeError, AttributeError) as error:
        if not syntax.is_transfer_syntax or not syntax.is_compressed:
            raise
        advice = "decompress it, for example with dcmdjpeg or gdcmconv --raw"
        raise ImageError(reference, f"the pixels cannot be decoded from {syntax.name}; {advice}") from error
    return values


def _window(stored: npt.NDArray[Any], dataset: Dataset, padding: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.uint8]:
    from pydicom.pixels import apply_modality_lut, apply_voi

    values = apply_modality_lut(stored, dataset)
    if dataset.get("VOILUTSequence"):
        bits = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        return spread(apply_voi(np.rint(values).astype(np.int32), dataset), 0, 2**bits - 1)
    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
    # PS3.3 C.11.2.1.2 and C.11.2.1.3
    if centre is None or width is None or width <= 0:
        return spread_percentiles(values, None if padding is None else ~padding)
    if function == "SIGMOID":
        return spread(1 / (1 + np.exp(-4 * (values.astype(np.float32) - centre) / width)), 0, 1)
    if function == "LINEAR_EXACT":
        return spread(values, centre - width / 2, centre + width / 2)
    reach = max(width - 1, 1e-3) / 2  # a window of width 1 is a threshold
    return spread(values, centre - 0.5 - reach, centre - 0.5 + reach)


def _first(value: Any) -> float | None:
    """Return the first value of an element; of several windows, the first is the default."""
    from pydicom.multival import MultiValue

    if isinstance(value, MultiValue):
        value = value[0] if len(value) else None
    return None if value is None or value == "" else float(value)


def _padding(stored: npt.NDArray[Any], dataset: Dataset) -> npt.NDArray[np.bool_] | None:
    """Return a mask of the padding pixels (PS3.3 C.7.5.1.1.2), or None if there are none."""
    first = dataset.get("PixelPaddingValue")
    if not isinstance(first, int):
        return None
    last = dataset.get("PixelPaddingRangeLimit", first)
    low, high = min(first, last), max(first, last)
    found: npt.NDArray[np.bool_] = (stored >= low) & (stored <= high)
    return found if found.any() else None


def _grey_of_colour(colour: npt.NDArray[Any], bits: int) -> npt.NDArray[np.uint8]:
    """Return the luma of RGB values, shape (rows, columns, 3 or 4), with `bits` bits per sample."""
    return spread(luma(colour[..., :3]), 0, 2**bits - 1)
