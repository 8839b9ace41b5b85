"""Turn the weights and activations of an ONNX file into integers of 8 bits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import BundleError, in_one_line
from chestnut.export.quiet import quiet_conversion
from chestnut.export.versions import describe_versions
from chestnut.inference.engines.onnx_engine import IMAGE
from chestnut.onnx_session import load_runtime
from chestnut.processors import core_count

#: The number of images whose activations are computed at a time: all of them are kept until the next ones.
_BATCH = 8


def quantise(content: bytes, images: npt.NDArray[np.uint8]) -> bytes:
    """Return a network with weights and activations of 8 bits.

    The scales are static, and those of weights differ by channel, as accuracy and speed need.

    Args:
        content: The content of an ONNX file that `convert` wrote.
        images: Grey values, shape (n, height, width), n ≥ 1, which give the range of each activation.

    Returns:
        The content of another ONNX file with the same input and outputs.

    Raises:
        BundleError: ONNX Runtime cannot quantise the network.
    """
    load_runtime()
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    with tempfile.TemporaryDirectory(prefix="chestnut-export-") as folder, quiet_conversion():
        simple, made = Path(folder) / "simple.onnx", Path(folder) / "int8.onnx"
        try:
            _simplify(content, simple)
            quantize_static(
                simple,
                made,
                _Reader(images),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
        except Exception as error:  # ONNX Runtime has no error class of its own
            raise BundleError(
                f"the network cannot be written in 8 bits by {describe_versions('onnx-int8')} ({in_one_line(error)}); "
                "give format=onnx"
            ) from error
        return made.read_bytes()


def _simplify(content: bytes, path: Path) -> None:
    """Fold normalisations into convolutions, and state the shapes of all values, which quantisation needs."""
    import onnx
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    runtime = load_runtime()
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.intra_op_num_threads = core_count()
    options.log_severity_level = 3
    runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    add_pre_process_metadata(model)
    onnx.save(model, path)


class _Reader:
    """Gives ONNX Runtime a few images after the other."""

    def __init__(self, images: npt.NDArray[np.uint8]) -> None:
        self._batches: Iterator[dict[str, Any]] = (
            {IMAGE: images[start : start + _BATCH]} for start in range(0, len(images), _BATCH)
        )

    def get_next(self) -> dict[str, Any] | None:
        """Return the next images by the name of the input; None after the last."""
        return next(self._batches, None)
