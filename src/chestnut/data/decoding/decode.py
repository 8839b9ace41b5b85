"""Decode one image, from a file or a row of an archive, to grey uint8 pixels at the input size.

The result depends only on the stored bytes and the input spec, never on the name. `decode` does all in one call. A
caller that also needs the digest of the bytes calls `raw.fetched` and then `render`, so that the file is read once.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image

from chestnut.config import InputSpec
from chestnut.data.decoding.depth import luma, to_uint8
from chestnut.data.decoding.faults import FAULTS
from chestnut.data.decoding.frame import Framed, frame, least_ratio
from chestnut.data.decoding.intensity import standardise
from chestnut.data.decoding.limits import MB, MOST_PIXELS
from chestnut.data.decoding.picture import read_picture, read_whole
from chestnut.data.decoding.raw import START, Raw, fetched, sniff
from chestnut.data.decoding.resize import Whole, place
from chestnut.data.decoding.torn_files import refuse_torn_files
from chestnut.data.formats import FORMATS
from chestnut.errors import ImageError
from chestnut.names import cut, printable

#: The version of the decoder. Increase it whenever the same bytes give different pixels, so that caches are rebuilt.
DECODER = 1

#: Words in the decoders' messages about a file that ends too early.
_TRUNCATED = ("truncated", "less than expected", "unexpected end")


def decode(reference: str, spec: InputSpec) -> npt.NDArray[np.uint8]:
    """Decode one image.

    Colour becomes ITU-R 601 luma, transparent pixels become black, and EXIF orientation is applied. `depth.to_uint8`
    says how more than 8 bits are reduced, `dicom.read_grey` how DICOM is shown. Large JPEGs are decoded at 1/2, 1/4 or
    1/8 of their size, as long as that is not smaller than the result. A crop to the lungs is taken from the image
    before it is resized. The intensity rule comes last; see `intensity`.

    Args:
        reference: A path, or `archive.npz#train/17`.
        spec: The height, width, resize rule, frame and intensity rule; its channels do not matter here.

    Returns:
        Grey values 0..255, shape (height, width).

    Raises:
        ImageError: The image is missing, unreadable, truncated, too large or in an unknown format, or the file contains
            several images.
    """
    return decode_framed(reference, spec).image


def decode_framed(reference: str, spec: InputSpec) -> Framed:
    """Decode one image as `decode` does, and tell whether its lungs were found."""
    with quiet(), fetched(reference) as raw:
        return render(raw, spec)


def render(raw: Raw, spec: InputSpec) -> Framed:
    """Decode what `raw.fetched` read, with the result and errors of `decode_framed`; call it inside `quiet`."""
    try:
        return _render(raw, spec)
    except MemoryError as error:
        raise ImageError(raw.reference, _explain(raw, error)) from error


def decode_whole(reference: str, side: int) -> npt.NDArray[np.uint8]:
    """Decode the whole of one image in its own proportions.

    Args:
        reference: A path, or `archive.npz#train/17`.
        side: The most pixels of its longer side; a larger image is shrunk.

    Returns:
        Grey values 0..255, shape (height, width).

    Raises:
        ImageError: As `decode`.
    """
    with quiet(), fetched(reference) as raw:
        return render_whole(raw, side)[0]


def render_whole(raw: Raw, side: int) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """Decode what was read already, with the result and errors of `decode_whole`; call it inside `quiet`.

    Returns:
        The grey values, and the full size of the upright image, (width, height) in pixels.
    """
    try:
        whole = _read_whole(raw, lambda size: max(size) / side)
    except MemoryError as error:
        raise ImageError(raw.reference, _explain(raw, error)) from error
    width, height = whole.size
    ratio = max(1.0, max(width, height) / side)
    size = (max(1, round(width / ratio)), max(1, round(height / ratio)))
    return np.asarray(place(whole.size, size, "stretch").cut(whole.grey, whole.scale)), whole.size


def _render(raw: Raw, spec: InputSpec) -> Framed:
    data = raw.stored
    if not spec.needs_lungs and isinstance(data, bytes) and (kind := sniff(data[:START])) not in ("", "DICOM"):
        with _faults_explained(raw):
            grey = np.asarray(read_picture(data, kind, raw.reference, spec))
        return Framed(standardise(grey, spec.intensity), True)
    whole = _read_whole(raw, lambda size: least_ratio(size, spec))
    return frame(whole, spec, lambda ratio: _read_whole(raw, lambda _: ratio))


def _read_whole(raw: Raw, ratio: Callable[[tuple[int, int]], float]) -> Whole:
    """Decode a whole image, upright; see `picture.read_whole` for `ratio`."""
    with _faults_explained(raw):
        if not isinstance(raw.stored, bytes):
            return _whole(raw.stored if raw.stored.ndim == 2 else luma(raw.stored))
        kind = sniff(raw.stored[:START])
        if kind == "DICOM":
            from chestnut.data.decoding.dicom import read_grey

            return _whole(read_grey(raw.stored, raw.reference))
        if kind:
            return read_whole(raw.stored, kind, raw.reference, ratio)
    raise ImageError(raw.reference, f"is not an image that chestnut reads ({FORMATS}){_mention_text(raw.stored)}")


@contextmanager
def _faults_explained(raw: Raw) -> Iterator[None]:
    """Turn what decoders raise on damaged or torn bytes into an error that names the image."""
    try:
        with refuse_torn_files():
            yield
    except ImageError:
        raise
    except FAULTS as error:
        raise ImageError(raw.reference, _explain(raw, error)) from error


def _whole(values: npt.NDArray[np.generic]) -> Whole:
    grey = Image.fromarray(np.ascontiguousarray(to_uint8(values)))
    return Whole(grey, grey.size)


def _mention_text(data: bytes) -> str:
    """Mention that a file contains text, as a downloaded error page does; else return an empty text."""
    start = data[:256]
    return "; it contains text" if b"\0" not in start and start.decode("utf-8", "ignore").strip().isprintable() else ""


def _explain(raw: Raw, error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    if isinstance(error, Image.DecompressionBombError):  # WebP, which Pillow refuses before it shows the size
        return f"declares more pixels than the limit of {MOST_PIXELS // MB} megapixels"
    kind = sniff(raw.stored[:START]) if isinstance(raw.stored, bytes) else "array"
    message = cut(printable(" ".join(str(error).split()))) or type(error).__name__  # it may quote the file
    if isinstance(error, EOFError) or any(word in message.lower() for word in _TRUNCATED):
        return f"is truncated: the {kind} ends too early"
    return f"is a damaged, truncated or unusual {kind} ({message})"


class _Quiet:
    """The number of active `quiet` blocks; Python's warning filters belong to the process, not to a thread."""

    lock = threading.Lock()
    count = 0
    filters: warnings.catch_warnings[None] | None = None


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the decoders' warnings, for example about odd tags; real faults raise errors. Thread-safe."""
    with _Quiet.lock:
        _Quiet.count += 1
        if _Quiet.count == 1:
            _Quiet.filters = warnings.catch_warnings()
            _Quiet.filters.__enter__()
            warnings.simplefilter("ignore")
    try:
        yield
    finally:
        with _Quiet.lock:
            _Quiet.count -= 1
            if _Quiet.count == 0 and _Quiet.filters is not None:
                _Quiet.filters.__exit__(None, None, None)
