"""Decode DICOM files to 8 bits of grey, as a viewer shows them.

The steps are those of the standard's grey-scale pipeline (PS3.4 N.2): stored values, modality LUT, VOI LUT or window,
then inversion for MONOCHROME1.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chestnut.data.decoding.codestreams import fits_rle, is_boxed, read_declared
from chestnut.data.decoding.depth import luma, spread, spread_percentiles
from chestnut.data.decoding.dicom_file import own_errors, read_dataset
from chestnut.data.decoding.limits import check_size, pixels_at_once
from chestnut.errors import ImageError
from chestnut.names import cut, printable

if TYPE_CHECKING:
    from pydicom import Dataset

_HEADER_TAGS = ("Rows", "Columns", "BitsStored", "PhotometricInterpretation")

#: The most samples of a pixel: those of CMYK.
_MOST_SAMPLES = 4

#: The pixels that are shown at a time, since the steps from stored values to grey need 30 bytes a pixel.
_BLOCK = 1_000_000


class Header(NamedTuple):
    """The facts about the pixels in a file's header."""

    photometric: str
    width: int
    height: int
    bits: int


@own_errors()
def read_header(file: IO[bytes], reference: str) -> Header:
    """Read the header without the pixels; a damaged header, or one without these facts, raises pydicom's errors."""
    read = read_dataset(file, reference, _HEADER_TAGS, pixels=False)
    return Header(str(read.PhotometricInterpretation), int(read.Columns), int(read.Rows), int(read.BitsStored))


@own_errors()
def read_grey(data: bytes, reference: str) -> npt.NDArray[np.uint8]:
    """Decode a single-frame file.

    A window of width 0 or less counts as no window, as does one that is not finite. Without VOI LUT and window, the
    0.1st to 99.9th percentile is spread over the full range, as viewers do. Padding pixels become black.

    Args:
        data: The file's bytes.
        reference: The path, for messages.

    Returns:
        Grey values 0..255, shape (rows, columns).

    Raises:
        ImageError: The file has no pixels, several frames or too many pixels, or is larger than the limits allow. A
            damaged file raises pydicom's errors.
    """
    dataset = read_dataset(io.BytesIO(data), reference)
    pixels = _check_image(dataset, reference)
    _complete_syntax(dataset)
    with pixels_at_once.hold(pixels):
        return _show(dataset, _read_stored(dataset, reference), reference)


def _show(dataset: Dataset, stored: npt.NDArray[Any], reference: str) -> npt.NDArray[np.uint8]:
    """Return stored values, shape (rows, columns) or (rows, columns, samples), as a viewer shows them."""
    photometric = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
    if photometric == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        def show_palette(block: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
            colour = apply_color_lut(block, dataset)
            return _grey_of_colour(colour, 8 * colour.dtype.itemsize)

        return _by_blocks(stored, show_palette)
    if stored.ndim == 3:
        bits = int(dataset.BitsStored)
        return _by_blocks(stored, lambda block: _grey_of_colour(block, bits))
    padding = _padding(stored, dataset)
    grey = _window(stored, dataset, padding, reference)
    if photometric == "MONOCHROME1":
        grey = 255 - grey
    if padding is not None:
        grey[padding] = 0
    return grey


def _by_blocks(
    stored: npt.NDArray[Any], show: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], kind: type[np.generic] = np.uint8
) -> npt.NDArray[Any]:
    """Return `show` of some rows at a time, as one array of type `kind` and shape (rows, columns)."""
    shown = np.empty(stored.shape[:2], dtype=kind)
    step = max(1, _BLOCK // stored.shape[1])
    for start in range(0, len(stored), step):
        shown[start : start + step] = show(stored[start : start + step])
    return shown


def _check_image(dataset: Dataset, reference: str) -> int:
    """Check what the header and the compressed picture declare; return the number of pixels to reckon with."""
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        kind = getattr(dataset.get("SOPClassUID"), "name", None)
        said = f" ({cut(printable(kind))})" if kind else ""
        raise ImageError(reference, f"is a DICOM file{said} that has no pixels or is truncated")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise ImageError(reference, f"contains {frames} frames; save the one you need as a separate file")
    width, height = int(dataset.get("Columns") or 0), int(dataset.get("Rows") or 0)
    check_size(width, height, reference)
    samples = int(dataset.get("SamplesPerPixel") or 1)
    if samples > _MOST_SAMPLES:
        raise ImageError(reference, f"declares {samples} samples per pixel; allowed are 1 to {_MOST_SAMPLES}")
    if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
        _check_compressed(dataset, (width, height), reference)
    return width * height * samples


def _check_compressed(dataset: Dataset, size: tuple[int, int], reference: str) -> None:
    """Check that the compressed picture has the size in the header: it decides how much memory the decoder takes."""
    from pydicom.encaps import generate_frames
    from pydicom.uid import RLELossless

    for name in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):  # a single frame needs none
        if name in dataset:
            del dataset[name]
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    declared = read_declared(frame)
    if declared is not None:
        check_size(declared.width, declared.height, reference)
        if declared[:2] != size or declared.samples > _MOST_SAMPLES:
            found = f"{declared.width:,}×{declared.height:,} pixels of {declared.samples} samples"
            raise ImageError(
                reference, f"declares {size[0]:,}×{size[1]:,} pixels, but the compressed picture in it {found}"
            )
    elif is_boxed(frame):  # pydicom would look for the codestream for ever
        raise ImageError(reference, "is a damaged DICOM: the JPEG 2000 file in it has no picture")
    elif dataset.file_meta.get("TransferSyntaxUID") == RLELossless and not fits_rle(frame, size[0] * size[1]):
        raise ImageError(reference, f"unpacks to more than the {size[0]:,}×{size[1]:,} pixels that it declares")


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
    if values.ndim != (2 if (dataset.get("SamplesPerPixel") or 1) == 1 else 3):
        raise ImageError(reference, f"declares one frame, but has the pixels of {len(values)}; save the one you need")
    return values


def _window(
    stored: npt.NDArray[Any], dataset: Dataset, padding: npt.NDArray[np.bool_] | None, reference: str
) -> npt.NDArray[np.uint8]:
    from pydicom.pixels import apply_modality_lut

    for name in ("RescaleSlope", "RescaleIntercept"):
        if name in dataset and not math.isfinite(float(dataset[name].value)):
            raise ImageError(reference, f"has a {name} of {dataset[name].value}, which is not a finite number")
    show = _choose_window(dataset)
    if show is not None:
        return _by_blocks(stored, lambda block: show(apply_modality_lut(block, dataset)))
    values = stored
    if dataset.get("ModalityLUTSequence") or ("RescaleSlope" in dataset and "RescaleIntercept" in dataset):
        kind = apply_modality_lut(stored[:1], dataset).dtype.type
        single = np.float32 if kind is np.float64 else kind  # percentiles and grey values are computed in float32
        values = _by_blocks(stored, lambda block: apply_modality_lut(block, dataset), single)
    return spread_percentiles(values, None if padding is None else ~padding)


def _choose_window(dataset: Dataset) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.uint8]] | None:
    """Return what maps modality values to grey, or None if there is no VOI LUT and no window."""
    from pydicom.pixels import apply_voi

    if dataset.get("VOILUTSequence"):
        bits = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        return lambda values: spread(apply_voi(np.rint(values).astype(np.int32), dataset), 0, 2**bits - 1)
    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
    # PS3.3 C.11.2.1.2 and C.11.2.1.3
    if centre is None or width is None or not (width > 0 and math.isfinite(centre + width)):
        return None
    if function == "SIGMOID":
        return lambda values: spread(1 / (1 + np.exp(-4 * (values.astype(np.float32) - centre) / width)), 0, 1)
    if function == "LINEAR_EXACT":
        return lambda values: spread(values, centre - width / 2, centre + width / 2)
    reach = max(width - 1, 1e-3) / 2  # a window of width 1 is a threshold
    return lambda values: spread(values, centre - 0.5 - reach, centre - 0.5 + reach)


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
