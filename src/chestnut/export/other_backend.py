"""Convert a network of another Keras backend in a process of its own, where Keras computes with TensorFlow.

Keras's converter to ONNX fixes the number of images under PyTorch, and needs TensorFlow under JAX.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from chestnut.config import InputSpec
from chestnut.errors import BundleError


def write_in_tensorflow(network: Any, spec: InputSpec, path: Path) -> None:
    """Write a network as `write_onnx` does, from a process whose backend is TensorFlow.

    Raises:
        BundleError: The network cannot be converted.
    """
    with tempfile.TemporaryDirectory(prefix="chestnut-export-") as folder:
        stored = Path(folder) / "model.keras"
        network.save(stored)
        done = subprocess.run(
            [sys.executable, "-m", "chestnut.export.onnx_file", str(stored), spec.model_dump_json(), str(path)],
            env={**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise BundleError(f"the network cannot be written as ONNX ({last[:200]})")
