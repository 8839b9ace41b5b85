"""ONNX: the file that the bundle of a run contains."""

from __future__ import annotations

from pathlib import Path

from chestnut.export.forms.form import Form, Source
from chestnut.inference.engines.onnx_engine import OnnxEngine

_EXAMPLE = """\
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
(logits,) = session.run(["logits"], {"image": images})
"""


class Onnx(Form):
    """An ONNX file."""

    name, title, file = "onnx", "ONNX", "model.onnx"
    example = _EXAMPLE

    def write(self, source: Source, path: Path) -> None:
        """Write the content of the bundle's `model.onnx`."""
        path.write_bytes(source.content)

    def open(self, source: Source, path: Path) -> OnnxEngine:
        """Open an ONNX file with ONNX Runtime, whose idle threads leave the cores to others that are timed in turns."""
        return OnnxEngine.load(path.read_bytes(), source.bundle, str(path))
