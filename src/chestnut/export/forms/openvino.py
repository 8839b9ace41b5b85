"""OpenVINO: for Intel processors, made of the ONNX file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from chestnut.errors import BundleError, MissingExtraError, in_one_line
from chestnut.export.forms.engine import FormEngine
from chestnut.export.forms.form import Form, Source
from chestnut.inference.engines.onnx_engine import FEATURES, IMAGE, LOGITS
from chestnut.openvino_core import load_openvino
from chestnut.processors import core_count

_EXAMPLE = """\
import openvino

# Left to itself, OpenVINO takes bfloat16 where the processor has it, which changes probabilities by some hundredths
network = openvino.Core().compile_model("model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
logits = network({"image": images})["logits"]
"""


class OpenVino(Form):
    """A pair of files: `model.xml` describes the network, and `model.bin` has its weights."""

    name, title, file = "openvino", "OpenVINO", "model.xml"
    example = _EXAMPLE

    def check(self) -> None:
        """Check that OpenVINO is installed."""
        _require_openvino()

    def write(self, source: Source, path: Path) -> None:
        """Convert the content of the bundle's `model.onnx`, in float32."""
        openvino = _require_openvino()
        try:
            openvino.save_model(openvino.Core().read_model(io.BytesIO(source.content)), path, compress_to_fp16=False)
        except RuntimeError as error:
            raise BundleError(f"OpenVINO cannot convert the network ({in_one_line(error)})") from error

    def open(self, source: Source, path: Path) -> FormEngine:
        """Load the files with OpenVINO, which computes in float32."""
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": core_count()}
        try:
            network = _require_openvino().Core().compile_model(path, "CPU", settings)
        except RuntimeError as error:
            raise BundleError(f"the files of OpenVINO cannot be loaded again ({in_one_line(error)})") from error

        def compute(batch: Any) -> dict[str, Any]:
            found = network({IMAGE: batch})
            return {name: found[name] for name in (FEATURES, LOGITS)}

        return FormEngine(compute, source.bundle.spec)


def _require_openvino() -> Any:
    try:
        return load_openvino()
    except ImportError as error:
        raise MissingExtraError(
            "format=openvino needs OpenVINO; install it with pip install 'chestnut[openvino]'"
        ) from error
