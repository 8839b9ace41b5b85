"""Which of Keras's backends are installed, and what each could compute on; imports none of them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Final, Literal

from chestnut.accelerators import Accelerator

#: The backends of Keras that can train, in the order in which they are preferred on an accelerator.
Backend = Literal["jax", "tensorflow", "torch"]
BACKENDS: Final[tuple[Backend, ...]] = ("jax", "tensorflow", "torch")

#: Where systems keep cuDNN, which TensorFlow needs and does not bring.
_LIBRARIES: Final = ("usr/lib/*-linux-gnu/libcudnn.so*", "usr/lib64/libcudnn.so*", "usr/local/cuda*/lib64/libcudnn.so*")

_Find = Callable[[str], Path | None]


def read_installed(
    folders: Sequence[Path] | None = None, root: Path = Path("/")
) -> dict[Backend, frozenset[Accelerator]]:
    """Return the installed backends, each with the kinds of accelerators that it was built for.

    Args:
        folders: The folders that contain packages; None for those of this Python.
        root: The folder in which to look for the system's libraries.
    """
    find = _find_module if folders is None else lambda name: _find_in(name, folders)
    found: dict[Backend, frozenset[Accelerator]] = {}
    for name, read in _READERS.items():
        if (place := find(name)) is not None:
            found[name] = frozenset(read(place, find, root))
    return found


def _find_module(name: str) -> Path | None:
    try:
        return _place(importlib.util.find_spec(name))
    except (ImportError, ValueError):  # a module that cannot be imported, or one without a description
        return None


def is_installed(name: str) -> bool:
    """Return whether a package can be imported.

    >>> is_installed("keras"), is_installed("no_such_package")
    (True, False)
    """
    return _find_module(name) is not None


def _find_in(name: str, folders: Sequence[Path]) -> Path | None:
    *parents, last = name.split(".")
    return _place(PathFinder.find_spec(last, [str(folder.joinpath(*parents)) for folder in folders]))


def _place(spec: ModuleSpec | None) -> Path | None:
    """Return the folder of a package; None for a folder that merely has its name."""
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def _read_jax(place: Path, find: _Find, root: Path) -> list[Accelerator]:
    """JAX needs a plugin for a GPU, and Google's library for a TPU."""
    found: list[Accelerator] = []
    if any(find(f"jax_cuda{version}_plugin") for version in (12, 13)):
        found.append("nvidia")
    if find("libtpu"):
        found.append("tpu")
    return found


def _read_tensorflow(place: Path, find: _Find, root: Path) -> list[Accelerator]:
    """TensorFlow must be built for CUDA, and finds cuDNN as a package or in the system."""
    built = re.search(r"'is_cuda_build',\s*True", _read(place / "python" / "platform" / "build_info.py"))
    if built and (find("nvidia.cudnn") or any(next(root.glob(pattern), None) for pattern in _LIBRARIES)):
        return ["nvidia"]
    return []


def _read_torch(place: Path, find: _Find, root: Path) -> list[Accelerator]:
    """PyTorch brings CUDA along where it was built for it."""
    return ["nvidia"] if re.search(r"^cuda\b[^=\n]*=\s*['\"]\d", _read(place / "version.py"), re.MULTILINE) else []


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


_READERS: Final[dict[Backend, Callable[[Path, _Find, Path], list[Accelerator]]]] = {
    "jax": _read_jax,
    "tensorflow": _read_tensorflow,
    "torch": _read_torch,
}
