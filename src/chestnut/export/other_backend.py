"""Convert a network of another Keras backend in a process of its own, where Keras computes with TensorFlow.

Keras's converters fix the number of images under PyTorch, and need TensorFlow under JAX, if only for the conversion.
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


def convert_in_tensorflow(form: str, network: Any, spec: InputSpec, path: Path) -> None:
    """Write a network as `convert` does, from a process whose backend is TensorFlow.

    Raises:
        BundleError: The network cannot be converted.
    """
    with tempfile.TemporaryDirectory(prefix="chestnut-export-") as folder:
        stored = Path(folder) / "model.keras"
        network.save(stored)
        done = subprocess.run(
            [sys.executable, "-m", "chestnut.export.conversion", form, str(stored), spec.model_dump_json(), str(path)],
            env={**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise BundleError(last.removeprefix(f"{BundleError.__module__}.{BundleError.__name__}: ")[:400])
