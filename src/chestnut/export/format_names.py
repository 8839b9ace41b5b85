"""The names of the formats in which a network can be exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chestnut.errors import DataError, suggest

#: What `--format` takes.
FORMATS: Final = ("onnx", "onnx-int8", "openvino", "litert", "savedmodel", "keras", "h5")


def require_formats(names: Sequence[str]) -> None:
    """Check that there is a format of each name, and that there is one and each is named once.

    Raises:
        DataError: It is not so.

    >>> require_formats(["onxx"])
    Traceback (most recent call last):
    chestnut.errors.DataError: no format 'onxx'; did you mean onnx?
    """
    if not names:
        raise DataError(f"no format to export to; give one or more of {', '.join(FORMATS)}")
    for name in names:
        if name not in FORMATS:
            raise DataError(f"no format {name!r}; {suggest(name, FORMATS)}")
    if len(set(names)) < len(names):
        raise DataError(f"a format is named twice: {', '.join(names)}; name each once")
