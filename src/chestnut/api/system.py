"""What this machine trains with: backend, devices, memory, caches and versions."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from typing import Any, Final

_PACKAGES: Final = (
    *("chestnut", "keras", "tensorflow", "tensorflow-cpu", "jax", "jax-cuda12-plugin", "jax-cuda13-plugin", "torch"),
    *("onnxruntime", "openvino", "numpy", "scikit-learn"),
)


@dataclass(frozen=True)
class Device:
    """A device that the backend computes on.

    Attributes:
        name: Its name, such as NVIDIA H100 80GB HBM3.
        memory: Its memory in bytes; None if the backend does not say.
    """

    name: str
    memory: int | None


@dataclass(frozen=True)
class System:
    """What this machine trains with.

    Attributes:
        backend: What Keras computes with: jax, tensorflow or torch.
        reason: Why, as a part of a sentence.
        devices: The devices that it computes on.
        precision: The arithmetic that `train.precision = "auto"` takes: `float32`, `bfloat16`, `float16`, or `measured`
            where a trial decides.
        cores: The processors that this process may use.
        memory: The memory of the machine in bytes; None if the system does not say.
        cache: The folder of the pixel cache.
        cached: Its size in bytes.
        compiled: The bytes of programs that were compiled for a GPU or TPU.
        system: The operating system.
        python: The version of Python.
        versions: The versions of the installed packages, by name.
        advice: What to do where a GPU is not used; empty if there is nothing to do.
    """

    backend: str
    reason: str
    devices: tuple[Device, ...]
    precision: str
    cores: int
    memory: int | None
    cache: str
    cached: int
    compiled: int
    system: str
    python: str
    versions: dict[str, str]
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        return asdict(self)


def describe_system() -> System:
    """Describe what this machine trains with. The backend is loaded, and asked for its devices.

    Raises:
        DeviceError: `KERAS_BACKEND` names no backend that can train.
        MissingExtraError: The backend that it names is not installed, or none is.

    >>> import chestnut as cn
    >>> cn.describe_system().backend  # doctest: +SKIP
    'tensorflow'
    """
    from chestnut.data.cache.cache import cache_folder, entries
    from chestnut.data.cache.store import measure_compiled
    from chestnut.models.backend.choice import Surroundings, advise, choose_backend
    from chestnut.models.framework import load_framework
    from chestnut.processors import core_count

    choice = choose_backend(quiet=True)
    load_framework()
    from chestnut.models.device import accelerators, list_devices
    from chestnut.training.environment import find_version
    from chestnut.training.precision import expect_precision

    if choice.accelerator is not None and not accelerators():
        advice = f"{choice.name} finds no GPU or TPU, although the system has one; see whether its driver works"
    else:
        advice = advise(Surroundings.read(), choice) or ""
    return System(
        backend=choice.name,
        reason=choice.reason,
        devices=tuple(Device(name, memory) for name, memory in list_devices()),
        precision=expect_precision(),
        cores=core_count(),
        memory=_read_memory(),
        cache=str(cache_folder()),
        cached=sum(entry.bytes for entry in entries()),
        compiled=measure_compiled(),
        system=platform.platform(),
        python=platform.python_version(),
        versions={name: found for name in _PACKAGES if (found := find_version(name))},
        advice=advice,
    )


def _read_memory() -> int | None:
    """Return the memory of the machine in bytes."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no such function
        return None
