"""`OpenvinoEngine`: computes logits and features from pixels with OpenVINO, without Keras."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.errors import BundleError, in_one_line
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.graph_engine import FEATURES, IMAGE, LOGITS, GraphEngine
from chestnut.inference.engines.onnx_engine import read_network
from chestnut.openvino_core import load_openvino
from chestnut.processors import core_count


@dataclass(frozen=True)
class OpenvinoEngine(GraphEngine):
    """A network in OpenVINO with its input spec.

    Attributes:
        network: A compiled network from grey images (n, height, width), uint8, to logits and features.
        spec: The size, channels and grey values of its input.
        idle: Requests to the network that no thread uses at the moment.
    """

    network: Any
    spec: InputSpec
    idle: SimpleQueue[Any] = field(default_factory=SimpleQueue)

    @classmethod
    def open(
        cls, bundle: Bundle, *, workers: int | None = None, precision: Literal["float32", "bfloat16"] = "float32"
    ) -> OpenvinoEngine:
        """Load the network of a bundle from its `model.onnx`.

        Args:
            bundle: The bundle.
            workers: The number of threads that compute at once, each on one core; None for one per core.
            precision: The arithmetic. Left to itself, OpenVINO takes bfloat16 where the processor has it, which changes
                probabilities by some hundredths.

        Raises:
            BundleError: The bundle has no `model.onnx`, or one that is changed or damaged.
        """
        content = read_network(bundle)
        settings = {
            "INFERENCE_PRECISION_HINT": "f32" if precision == "float32" else "bf16",
            "INFERENCE_NUM_THREADS": workers or core_count(),
            "NUM_STREAMS": workers or core_count(),
        }
        core = load_openvino().Core()
        try:
            network = core.compile_model(core.read_model(io.BytesIO(content)), "CPU", settings)
        except (RuntimeError, ValueError, TypeError) as error:
            raise BundleError(
                f"OpenVINO cannot load the network of {bundle.folder} ({in_one_line(error)}); give engine=onnx"
            ) from error
        engine = cls(network, bundle.spec)
        # In OpenVINO 2026.4, threads that compute for the first time together may wait for each other for ever
        engine.run(np.zeros((1, bundle.spec.height, bundle.spec.width), np.uint8), [FEATURES, LOGITS])
        return engine

    def run(self, batch: npt.NDArray[np.uint8], names: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """Compute outputs of one batch of images, as they are, by name.

        Args:
            batch: Grey values, shape (n, height, width).
            names: Names of outputs: logits or features.
        """
        try:
            request = self.idle.get_nowait()
        except Empty:
            request = self.network.create_infer_request()
        outputs = request.infer({IMAGE: np.ascontiguousarray(batch)}, share_outputs=False)
        found: list[npt.NDArray[np.float32]] = [outputs[name] for name in names]
        self.idle.put(request)
        return found
