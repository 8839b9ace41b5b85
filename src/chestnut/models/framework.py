"""Load Keras for a command, without the lines that TensorFlow writes about itself as it loads."""

from __future__ import annotations

import logging
import os
import sys


def load_framework() -> None:
    """Import Keras and keep what its backend writes about itself off standard error; a failed import still says why.

    TensorFlow 2.21 writes two lines before any setting of its log level counts, so the stream itself is redirected.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        from chestnut.models.device import load

        load()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
