"""Open the network of a bundle with the engine that is asked for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Literal

from chestnut.errors import EngineError, MissingExtraError, listed, suggest
from chestnut.inference.bundle import Bundle
from chestnut.inference.bundle_guard import Guard
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.onnx_engine import PART, OnnxEngine
from chestnut.inference.predictor import Predictor

#: What can run a network on this machine.
EngineName = Literal["onnx", "openvino", "keras"]
ENGINES: Final[tuple[EngineName, ...]] = ("onnx", "openvino", "keras")

#: The arithmetic of OpenVINO: float32, or bfloat16 where the processor has it.
Precision = Literal["float32", "bfloat16"]
PRECISIONS: Final[tuple[Precision, ...]] = ("float32", "bfloat16")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EngineSettings:
    """What runs a network on this machine, and how.

    Attributes:
        name: onnx, openvino or keras.
        precision: The arithmetic; only openvino has another one than float32.
        workers: The number of threads that decode images and, but for keras, compute; None for one per core.
    """

    name: EngineName = "onnx"
    precision: Precision = "float32"
    workers: int | None = None

    def check(self) -> None:
        """Refuse settings that cannot be.

        Raises:
            EngineError: A name is unknown, or the engine has only one arithmetic.
            MissingExtraError: OpenVINO is not installed.
        """
        if self.name not in ENGINES:
            raise EngineError(f"engine={self.name}: {suggest(self.name, ENGINES)}")
        if self.precision not in PRECISIONS:
            raise EngineError(f"precision={self.precision}: give {listed(PRECISIONS)}")
        if self.precision != "float32" and self.name != "openvino":
            raise EngineError(f"precision={self.precision}: the engine {self.name} computes in float32; give openvino")
        if self.name == "openvino" and find_spec("openvino") is None:
            raise MissingExtraError(
                "engine=openvino needs openvino, which is not installed; run pip install 'chestnut[openvino]', or "
                "pip install '.[openvino]' in chestnut's source folder"
            )


#: ONNX Runtime, with a worker per core.
DEFAULT: Final = EngineSettings()


def open_engine(bundle: Bundle, settings: EngineSettings = DEFAULT, *, threads: int | None = None) -> Engine:
    """Open the network of a bundle.

    Args:
        bundle: The bundle.
        settings: What runs the network. A bundle that an older chestnut made has no network for ONNX Runtime; Keras,
            which takes some seconds to load, then runs it.
        threads: The number of threads of one operation in ONNX Runtime; None for one per core.

    Raises:
        BundleError: The network is missing, changed or damaged.
    """
    if settings.name == "openvino":
        from chestnut.inference.engines.openvino_engine import OpenvinoEngine

        return OpenvinoEngine.open(bundle, workers=settings.workers, precision=settings.precision)
    if settings.name == "onnx" and PART in bundle.parts:
        return OnnxEngine.open(bundle, threads=threads)
    if settings.name == "onnx":
        _log.info("no network for ONNX Runtime; chestnut export %s --format onnx adds it", bundle.folder.parent)
    return _open_keras(bundle)


def open_quickest(bundle: Bundle) -> Engine:
    """Open the network of a bundle with ONNX Runtime where the bundle has one for it, else with Keras.

    Loading Keras and its backend takes seconds, and both engines compute the same to within rounding.

    Raises:
        BundleError: The network is missing, changed or damaged.
    """
    return OnnxEngine.open(bundle) if PART in bundle.parts else _open_keras(bundle)


def _open_keras(bundle: Bundle) -> Engine:
    from chestnut.models.framework import load_framework

    load_framework()
    from chestnut.inference.engines.keras_engine import KerasEngine

    return KerasEngine.open(bundle)


def open_predictor(bundle: Bundle, settings: EngineSettings = DEFAULT, *, guarded: bool = True) -> Predictor:
    """Open the network of a bundle, and its guard if it has one.

    Args:
        bundle: The bundle.
        settings: What runs the network.
        guarded: Whether images are to be judged by the guard.

    Raises:
        BundleError: The bundle was changed or is refused.
    """
    engine = open_engine(bundle, settings, threads=1)  # each worker takes a core
    return Predictor(bundle, engine, Guard.open(bundle) if guarded else None)
