"""Keep what converters say about themselves from the user."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

#: The loggers of converters; the first is the root, which ONNX Runtime's quantisation writes to.
_LOGGERS = ("", "tf2onnx", "tensorflow", "absl")


@contextlib.contextmanager
def quiet_conversion() -> Iterator[None]:
    """Hide the warnings and log lines of converters, but not their errors."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    nothing = logging.NullHandler()  # without any handler, a line to the root would give it one for good
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loggers[0].addHandler(nothing)
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            loggers[0].removeHandler(nothing)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
