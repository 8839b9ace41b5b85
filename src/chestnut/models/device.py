"""What Keras runs on, and the one module that may import TensorFlow to ask it.

Called by `training` and `inference`; calls nothing of chestnut's.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

import keras


def backend() -> str:
    """The Keras backend in use: tensorflow, jax or torch; `KERAS_BACKEND` chooses it."""
    return str(keras.backend.backend())


def accelerators() -> list[str]:
    """Names of the GPUs or TPUs that the backend sees; empty on a CPU."""
    if backend() == "torch":
        import torch

        return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    found = keras.distribution.list_devices()
    return [name for name in found if not name.startswith("cpu")]


def describe() -> str:
    """The device in words, for `environment.json`."""
    names = accelerators()
    return ", ".join(names) if names else f"CPU, {os.cpu_count()} cores, {processor()}"


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def has_fast_bfloat16() -> bool:
    """Whether the device multiplies bfloat16 in hardware, so that trying it may pay."""
    if accelerators():
        return True
    info = Path("/proc/cpuinfo")
    return info.is_file() and "avx512_bf16" in info.read_text(encoding="utf-8", errors="replace")


def compiled() -> bool:
    """Whether to compile with XLA: never on TensorFlow's CPU, where it makes training 2 to 10 times slower."""
    return backend() == "jax" or (backend() == "tensorflow" and bool(accelerators()))


def repeatable(seed: int) -> None:
    """Seed every generator and ask for operations that give the same bits each time."""
    keras.utils.set_random_seed(seed)
    if backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True, warn_only=True)
