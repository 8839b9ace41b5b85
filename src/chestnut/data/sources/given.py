"""Check a path that a user gives, before anything is looked up."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from chestnut.data.sources.scan import absolute
from chestnut.errors import DataError
from chestnut.names import is_safe, shown

#: What a data set may be.
ALLOWED = (
    "give a folder of class folders, a CSV, a MedMNIST .npz, a folder of DICOM files, or a pattern of these in quotes"
)


def check_path(path: str | os.PathLike[str]) -> str:
    """Return a path as text, with `~` expanded.

    Raises:
        DataError: It is empty, or it or the folder that it is in has control characters in its name.
    """
    text = os.fspath(path)
    if text:
        with suppress(RuntimeError):  # a ~ that names no user is taken as it is
            text = str(Path(path).expanduser())
    if not text or not is_safe(text):
        raise DataError(f"the path given is {text!r}; {ALLOWED}, without control characters in its name")
    if not is_safe(absolute(text)):
        raise DataError(
            f"{text} is in the folder {shown(absolute(text))}, whose name has a control character or bytes that are "
            "not UTF-8; rename it"
        )
    return text
