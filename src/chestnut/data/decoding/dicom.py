"""DICOM: from a file's bytes to 8 bits of grey as a viewer shows them; used by `decode` and `facts` alone.

The steps are those of the standard's grey-scale pipeline (PS3.4 N.2): stored values, modality LUT, VOI LUT or window,
then the inversion that MONOCHROME1 asks for.
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
    """Turn pydicom's own errors, which descend from nothing in particular, into ValueError."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        yield
    except (BytesLengthException, InvalidDicomError) as error:
        raise ValueError(str(error)) from error


class Header(NamedTuple):
    """What a file's header says of its pixels."""

    photometric: str
    width: int
    height: int
    bits: int


@_own_errors()
def read_header(file: IO[bytes]) -> Header:
    """Read the header without the pixels; raises pydicom's errors where it is damaged or says nothing of pixels."""
    import pydicom

    read = pydicom.dcmread(file, force=True, stop_before_pixels=True, specific_tags=list(_HEADER_TAGS))
    return Header(str(read.PhotometricInterpretation), int(read.Columns), int(read.Rows), int(read.BitsStored))


@_own_errors()
def read_grey(data: bytes, reference: str) -> npt.NDArray[np.uint8]:
    """Decode a single-frame file.

    A window of width 0 or less counts as none. Without VOI LUT and window, the 0.1st to 99.9th percentile is spread
    over the full range, as viewers do. Pixels of the padding value come out black.

    Args:
        data: The file's bytes.
        reference: The path, for messages.

    Returns:
        Shape (rows, columns).

    Raises:
        ImageError: No pixels, several frames, or too large; pydicom's own errors where it is damaged.
    """
    import pydicom

    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    _refuse(dataset, reference)
    _name_syntax(dataset)
    stored = _stored(dataset, reference)
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


def _refuse(dataset: Dataset, reference: str) -> None:
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        kind = getattr(dataset.get("SOPClassUID"), "name", None)
        raise ImageError(
            reference, f"is a DICOM file{f' ({kind})' if kind else ''} that holds no pixels or is truncated"
        )
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise ImageError(reference, f"holds {frames} frames; save the one that is meant as a file of its own")
    declared = [(int(dataset.get("Columns") or 0), int(dataset.get("Rows") or 0))]
    if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
        start = dataset.PixelData[:4096].find(_JPEG_2000)
        if start >= 0:  # its own size rules the decoder's memory
            declared.append(struct.unpack(">II", dataset.PixelData[start + 8 : start + 16]))
    for width, height in declared:
        check_pixels(width, height, reference)


def _name_syntax(dataset: Dataset) -> None:
    """Give a file without meta information the transfer syntax that it was read by."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def _stored(dataset: Dataset, reference: str) -> npt.NDArray[Any]:
    """The stored values; YBR has become RGB."""
    from pydicom.pixels import pixel_array

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        values: npt.NDArray[Any] = pixel_array(dataset)
    except (RuntimeError, AttributeError) as error:
        if not syntax.is_transfer_syntax or not syntax.is_compressed:
            raise
        advice = "convert it to an uncompressed one, as with dcmdjpeg or gdcmconv --raw"
        raise ImageError(reference, f"its pixels cannot be decoded from {syntax.name}; {advice}") from error
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
    reach = max(width - 1, 1e-3) / 2  # a width of 1 is a threshold
    return spread(values, centre - 0.5 - reach, centre - 0.5 + reach)


def _first(value: Any) -> float | None:
    """The first of an element's values; several windows are alternatives, of which the first is the default."""
    from pydicom.multival import MultiValue

    if isinstance(value, MultiValue):
        value = value[0] if len(value) else None
    return None if value is None or value == "" else float(value)


def _padding(stored: npt.NDArray[Any], dataset: Dataset) -> npt.NDArray[np.bool_] | None:
    """Where the stored value says that nothing was imaged (PS3.3 C.7.5.1.1.2); None where nowhere."""
    first = dataset.get("PixelPaddingValue")
    if not isinstance(first, int):
        return None
    last = dataset.get("PixelPaddingRangeLimit", first)
    low, high = min(first, last), max(first, last)
    found: npt.NDArray[np.bool_] = (stored >= low) & (stored <= high)
    return found if found.any() else None


def _grey_of_colour(colour: npt.NDArray[Any], bits: int) -> npt.NDArray[np.uint8]:
    """Luma of RGB, shape (rows, columns, 3 or 4), that uses `bits` a sample."""
    return spread(luma(colour[..., :3]), 0, 2**bits - 1)
