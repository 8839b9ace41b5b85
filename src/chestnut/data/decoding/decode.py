"""One image, from a file or a row of an archive, to uint8 grey at the input size.

`decode` is for one image; `cache.decode_all` calls `raw.fetch` and `render`, so that a file's bytes are read once for
its digest and its pixels. The result depends on the stored bytes and the input spec alone, never on the name.
"""

from __future__ import annotations

import struct
import threading
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image

from chestnut.config import InputSpec
from chestnut.data.decoding.depth import luma, to_uint8
from chestnut.data.decoding.intensity import standardise
from chestnut.data.decoding.picture import read_picture
from chestnut.data.decoding.raw import MOST_PIXELS, START, Raw, fetch, sniff
from chestnut.data.decoding.resize import centred, place
from chestnut.data.formats import FORMATS
from chestnut.errors import ImageError

#: Raised whenever the same bytes give other pixels than before, so that caches are made anew.
DECODER = 1

#: What decoders raise on damaged bytes. They promise little; a property test feeds them damaged files.
FAULTS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    Image.DecompressionBombError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

#: What the decoders' messages say of a file that ends too early.
_TRUNCATED = ("truncated", "less than expected", "unexpected end")


def decode(reference: str, spec: InputSpec) -> npt.NDArray[np.uint8]:
    """Decode one image.

    Colour becomes ITU-R 601 luma. What is transparent is black, as the padding is. EXIF orientation is honoured. More
    than 8 bits are reduced as `depth.to_uint8` says, DICOM as `dicom.read_grey` says. Large JPEGs are decoded at 1/2,
    1/4 or 1/8 where that is still no smaller than the result. The intensity rule comes last, see `intensity`.

    Args:
        reference: A path, or `archive.npz#train/17`.
        spec: Height, width, resize rule and intensity rule; its channels are of no account here.

    Returns:
        Shape (height, width), 0..255.

    Raises:
        ImageError: It is missing, unreadable, truncated, not an image, too large, or holds several images.
    """
    with quiet():
        return render(fetch(reference), spec)


def render(raw: Raw, spec: InputSpec) -> npt.NDArray[np.uint8]:
    """Decode, `quiet`, what `raw.fetch` read; spec, result and errors as of `decode`."""
    try:
        return standardise(np.asarray(_render(raw, spec)), spec.intensity)
    except ImageError:
        raise
    except FAULTS as error:
        raise ImageError(raw.reference, _fault(raw, error)) from error


def _render(raw: Raw, spec: InputSpec) -> Image.Image:
    if not isinstance(raw.stored, bytes):
        return _resized(raw.stored if raw.stored.ndim == 2 else luma(raw.stored), spec)
    kind = sniff(raw.stored[:START])
    if kind == "DICOM":
        from chestnut.data.decoding.dicom import read_grey

        return _resized(read_grey(raw.stored, raw.reference), spec)
    if kind:
        return read_picture(raw.stored, kind, raw.reference, spec)
    raise ImageError(raw.reference, f"is not an image that chestnut reads ({FORMATS}){_guess(raw.stored)}")


def _resized(values: npt.NDArray[np.generic], spec: InputSpec) -> Image.Image:
    grey = Image.fromarray(np.ascontiguousarray(to_uint8(values)))
    return centred(place(grey.size, (spec.width, spec.height), spec.resize).cut(grey), spec)


def _guess(data: bytes) -> str:
    """Say of a file that is no image that it is text, as a downloaded error page is."""
    start = data[:256]
    return "; it holds text" if b"\0" not in start and start.decode("utf-8", "ignore").strip().isprintable() else ""


def _fault(raw: Raw, error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    if isinstance(error, Image.DecompressionBombError):  # WebP, which Pillow refuses before the size can be seen
        return f"declares more pixels than the limit of {MOST_PIXELS // 1_000_000} megapixels"
    kind = sniff(raw.stored[:START]) if isinstance(raw.stored, bytes) else "array"
    said = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, EOFError) or any(word in said.lower() for word in _TRUNCATED):
        return f"is truncated: the {kind} ends too early"
    return f"is a damaged, truncated or unusual {kind} ({said})"


class _Quiet:
    """How many want silence: Python's warning filters belong to the process, not to a thread."""

    lock = threading.Lock()
    count = 0
    filters: warnings.catch_warnings[None] | None = None


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what decoders warn about, such as odd tags: what cannot be decoded is an error. Safe among threads."""
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
