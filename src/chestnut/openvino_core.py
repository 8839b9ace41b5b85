"""Load OpenVINO so that it sends nothing anywhere."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def load_openvino() -> Any:
    """Import OpenVINO without its telemetry, which would report the import itself to Intel.

    Returns:
        The module `openvino`.

    Raises:
        ImportError: It is not installed.
    """
    if "openvino" not in sys.modules:
        # OpenVINO then takes a stand-in that sends nothing, as it does where that package is not installed
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    return import_module("openvino")
