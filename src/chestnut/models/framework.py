"""Load Keras for a command, without the lines that TensorFlow writes about itself as it loads."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from chestnut.models.backend.choice import choose_backend


def load_framework() -> None:
    """Choose the backend, import Keras, and keep what its backend writes about itself off standard error.

    TensorFlow 2.21 writes two lines before any setting of its log level counts, so the stream itself is redirected. A
    failed import still says why.

    Raises:
        DeviceError: `KERAS_BACKEND` names no backend that can train.
        MissingExtraError: The backend that it names is not installed, or none is.
    """
    if "keras" in sys.modules:
        return
    choose_backend()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with hidden_stderr():
        from chestnut.models.device import load

        load()


@contextmanager
def hidden_stderr() -> Iterator[None]:
    """Hide what is written to standard error, also by libraries that do not write to it through Python."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
