"""The exceptions that decoders raise on damaged bytes."""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib

from PIL import Image

#: They document few; a property test feeds them damaged files.
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
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
