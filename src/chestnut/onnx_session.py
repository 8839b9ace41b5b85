"""Open a network with ONNX Runtime: threads always stated, nothing sent anywhere."""

from __future__ import annotations

import os
from typing import Any

from chestnut.processors import core_count


def load_runtime() -> Any:
    """Import ONNX Runtime with its telemetry off, and return the module."""
    for name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"):  # read when the library is imported
        os.environ.setdefault(name, "1")
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


def open_session(content: bytes, *, threads: int | None = None) -> Any:
    """Open a network.

    Args:
        content: The content of an ONNX file.
        threads: The number of threads of one operation; None for one per core that this process may use.

    Returns:
        An `onnxruntime.InferenceSession` on the CPU.

    Raises:
        Exception: ONNX Runtime does not take the file; it has no error class of its own.
    """
    onnxruntime = load_runtime()
    options = onnxruntime.SessionOptions()
    # Left to itself, ONNX Runtime pins a thread to each core of the machine, and fails where it may not use all
    options.intra_op_num_threads = threads or core_count()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors are raised; warnings are about the graph, which nobody here can change
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads would keep cores busy
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
