"""The optional libraries that speak DICOM over the network and make DICOM results."""

from __future__ import annotations

import importlib.util
import logging

from chestnut.errors import MissingExtraError

_LIBRARIES = ("pynetdicom", "highdicom")


def require_extra() -> None:
    """Check that the libraries are installed.

    Raises:
        MissingExtraError: One is not.
    """
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"the DICOM listener needs {' and '.join(missing)}; install with pip install 'chestnut[dicom]'"
        )


def silence_libraries() -> None:
    """Keep the log records of the libraries to themselves: they quote elements that identify patients."""
    for name in (*_LIBRARIES, "pydicom"):
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
