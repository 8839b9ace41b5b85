"""Open the network of a bundle with the engine that is asked for."""

from __future__ import annotations

import logging
from typing import Literal

from chestnut.inference.bundle import Bundle
from chestnut.inference.bundle_guard import Guard
from chestnut.inference.engine import Engine
from chestnut.inference.onnx_engine import PART, OnnxEngine
from chestnut.inference.predictor import Predictor

#: What can run a network on this machine.
EngineName = Literal["onnx", "keras"]

_log = logging.getLogger(__name__)


def open_engine(bundle: Bundle, name: EngineName = "onnx", *, threads: int | None = None) -> Engine:
    """Open the network of a bundle.

    Args:
        bundle: The bundle.
        name: What runs the network. A bundle that an older chestnut made has no network for ONNX Runtime; Keras, which
            takes some seconds to load, then runs it.
        threads: The number of threads of one operation in ONNX Runtime; None for one per core.

    Raises:
        BundleError: The network is missing, changed or damaged.
    """
    if name == "onnx" and PART in bundle.parts:
        return OnnxEngine.open(bundle, threads=threads, spinning=True)
    if name == "onnx":
        _log.info("no network for ONNX Runtime; chestnut export %s --format onnx adds it", bundle.folder.parent)
    from chestnut.models.framework import load_framework

    load_framework()
    from chestnut.inference.keras_engine import KerasEngine

    return KerasEngine.open(bundle)


def open_predictor(
    bundle: Bundle, name: EngineName = "onnx", *, guarded: bool = True, threads: int | None = None
) -> Predictor:
    """Open the network of a bundle, and its guard if it has one.

    Args:
        bundle: The bundle.
        name: What runs the network.
        guarded: Whether images are to be judged by the guard.
        threads: The number of threads of one operation in ONNX Runtime; None for one per core.

    Raises:
        BundleError: The bundle was changed or is refused.
    """
    engine = open_engine(bundle, name, threads=threads)
    return Predictor(bundle, engine, Guard.open(bundle) if guarded else None)
