"""Which accelerators this machine has, from what its drivers leave in the file system; starts no driver."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

#: The kinds of accelerators that chestnut looks for.
Accelerator = Literal["nvidia", "tpu"]

#: What the kinds are called in sentences.
TITLES: Final[dict[Accelerator, str]] = {"nvidia": "NVIDIA GPU", "tpu": "TPU"}

#: Files of which a driver leaves at least one, as patterns below the root. On Linux for Windows, `dev/dxg` stands for a
#: card of any maker, so the driver's library is looked for.
_SIGNS: Final[dict[Accelerator, tuple[str, ...]]] = {
    "nvidia": ("dev/nvidia[0-9]*", "proc/driver/nvidia/gpus/*", "usr/lib/wsl/lib/libcuda.so*"),
    "tpu": ("dev/accel[0-9]*", "dev/vfio/[0-9]*"),
}


def find_accelerators(root: Path = Path("/")) -> tuple[Accelerator, ...]:
    """Return the kinds of accelerators whose devices are there, NVIDIA first.

    `dev/vfio` may also belong to other devices that are lent to virtual machines, so a TPU is certain only where
    Google's library for TPUs is installed too.

    Args:
        root: The folder in which to look for `dev`, `proc` and `usr`.
    """
    return tuple(kind for kind, signs in _SIGNS.items() if any(_any(root, sign) for sign in signs))


def _any(root: Path, pattern: str) -> bool:
    try:
        return next(root.glob(pattern), None) is not None
    except OSError:  # a folder that this process may not list
        return False


def hidden_accelerators(variables: Mapping[str, str] = os.environ) -> tuple[Accelerator, ...]:
    """Return the kinds of accelerators that the environment hides from every library.

    Args:
        variables: The environment variables. CUDA sees no card if `CUDA_VISIBLE_DEVICES` is empty or -1.

    >>> hidden_accelerators({"CUDA_VISIBLE_DEVICES": "-1"})
    ('nvidia',)
    >>> hidden_accelerators({"CUDA_VISIBLE_DEVICES": "0"})
    ()
    """
    visible = variables.get("CUDA_VISIBLE_DEVICES")
    return ("nvidia",) if visible is not None and visible.strip() in ("", "-1") else ()
