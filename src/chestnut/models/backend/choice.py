"""Choose the library that Keras computes with, before Keras is imported.

Keras takes TensorFlow unless it is told otherwise, even if only JAX is installed or only JAX can use the GPU.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chestnut.accelerators import TITLES, Accelerator, find_accelerators, hidden_accelerators
from chestnut.errors import DeviceError, MissingExtraError
from chestnut.models.backend.installed import BACKENDS, Backend, read_installed

_log = logging.getLogger(__name__)

#: The variable by which a user, or chestnut, tells Keras the backend.
VARIABLE: Final = "KERAS_BACKEND"

#: The variable that remembers, also for processes started from here, that chestnut and not the user set the other.
CHOSEN: Final = "CHESTNUT_CHOSEN_BACKEND"

#: The order without an accelerator: on processors, TensorFlow trains fastest.
_ON_PROCESSORS: Final[tuple[Backend, ...]] = ("tensorflow", "jax", "torch")

_TITLES: Final[dict[Backend, str]] = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}

_COMMANDS: Final[dict[Backend, str]] = {
    "jax": "pip install 'chestnut[jax]'",
    "tensorflow": "pip install tensorflow",
    "torch": "pip install 'chestnut[torch]'",
}


@dataclass(frozen=True)
class Surroundings:
    """What the choice depends on.

    Attributes:
        variables: The environment variables.
        accelerators: The kinds of accelerators that the machine has.
        installed: The installed backends, each with the kinds that it can use.
        configured: The backend in Keras's configuration file; empty if there is none.
    """

    variables: Mapping[str, str]
    accelerators: tuple[Accelerator, ...]
    installed: Mapping[Backend, frozenset[Accelerator]]
    configured: str = ""

    @classmethod
    def read(cls) -> Surroundings:
        """Read those of this process."""
        return cls(dict(os.environ), find_accelerators(), read_installed(), read_configured(keras_file(os.environ)))

    def usable(self, backend: Backend) -> tuple[Accelerator, ...]:
        """Return the kinds of accelerators that are here, not hidden, and that a backend can use."""
        can = self.installed.get(backend, frozenset())
        if backend == "jax" and not _lets_jax(self.variables):
            can = frozenset()
        hidden = hidden_accelerators(self.variables)
        return tuple(kind for kind in self.accelerators if kind in can and kind not in hidden)


@dataclass(frozen=True)
class BackendChoice:
    """A backend, and why it was chosen.

    Attributes:
        name: The backend as Keras calls it.
        reason: A part of a sentence: "KERAS_BACKEND is jax".
        by_user: Whether the user chose it.
        accelerator: The kind of accelerator for which chestnut chose it; None for others.
    """

    name: Backend
    reason: str
    by_user: bool = False
    accelerator: Accelerator | None = None


def choose(around: Surroundings) -> BackendChoice:
    """Return the backend for a machine: what the user says, else one that sees an accelerator, else TensorFlow.

    Keras writes its configuration file itself, with TensorFlow in it, so only another backend there is a choice of the
    user's. One that is not installed is passed over: the file counts for all Python environments of the user.

    Raises:
        DeviceError: `KERAS_BACKEND` names no backend that can train.
        MissingExtraError: The backend that it names is not installed, or none is.

    >>> choose(Surroundings({}, ("nvidia",), {"jax": frozenset({"nvidia"}), "tensorflow": frozenset()})).name
    'jax'
    """
    if asked := around.variables.get(VARIABLE):
        return _take_asked(asked, around)
    configured = _known(around.configured)
    if configured not in (None, "tensorflow") and configured in around.installed:
        return BackendChoice(configured, f"Keras's configuration file names {configured}", by_user=True)
    for backend in BACKENDS:
        if kinds := around.usable(backend):
            return BackendChoice(backend, f"it can use the {TITLES[kinds[0]]} of this machine", accelerator=kinds[0])
    for backend in _ON_PROCESSORS:
        if backend in around.installed:
            return BackendChoice(backend, _explain_processor(backend, around))
    raise MissingExtraError(
        "nothing is installed that networks can compute with; run "
        f"{_COMMANDS['tensorflow']}, {_COMMANDS['jax']} or {_COMMANDS['torch']}"
    )


def _known(name: str) -> Backend | None:
    return next((backend for backend in BACKENDS if backend == name), None)


def _take_asked(asked: str, around: Surroundings) -> BackendChoice:
    backend = _known(asked)
    if backend is None:
        raise DeviceError(f"{VARIABLE}={asked}: give tensorflow, jax or torch, or unset it, and chestnut chooses")
    if backend not in around.installed:
        raise MissingExtraError(
            f"{VARIABLE}={asked}, but {_TITLES[backend]} is not installed; run {_COMMANDS[backend]}, or unset "
            f"{VARIABLE}, and chestnut chooses"
        )
    if around.variables.get(CHOSEN) == asked:
        return BackendChoice(backend, "the process that started this one chose it")
    return BackendChoice(backend, f"{VARIABLE} is {asked}", by_user=True)


def _explain_processor(backend: Backend, around: Surroundings) -> str:
    """Say why no accelerator is used."""
    hidden = hidden_accelerators(around.variables)
    seen = [kind for kind in around.accelerators if kind != "tpu"]  # its sign may be another device's
    if not seen:
        return "no GPU or TPU was found"
    if seen[0] in hidden:
        return f"CUDA_VISIBLE_DEVICES hides the {TITLES[seen[0]]}"
    return f"no installed library can use the {TITLES[seen[0]]} of this machine"


def advise(around: Surroundings, choice: BackendChoice) -> str | None:
    """Return what to do where a GPU is there and not used; None where there is nothing to do.

    Args:
        around: The surroundings.
        choice: The backend in use.
    """
    if "nvidia" not in around.accelerators or "nvidia" in hidden_accelerators(around.variables):
        return None
    if "nvidia" in around.usable(choice.name):
        return None
    if choice.by_user and (others := [other for other in BACKENDS if around.usable(other)]):
        return f"{_TITLES[choice.name]} cannot use the NVIDIA GPU of this machine, but {_TITLES[others[0]]} can"
    return "the NVIDIA GPU of this machine is not used; run pip install 'chestnut[gpu]'"


def choose_backend(*, quiet: bool = False) -> BackendChoice:
    """Choose the backend of this process and of those that it starts, and return it; the first call decides.

    Where Keras is imported already, nothing changes any more. A GPU that is not used is worth a warning.

    Args:
        quiet: Whether to log no warning.

    Raises:
        DeviceError: See `choose`.
        MissingExtraError: See `choose`.
    """
    if (loaded := _loaded_backend()) is not None:
        chosen = os.environ.get(CHOSEN) == loaded
        return BackendChoice(loaded, "Keras was loaded with it before", by_user=not chosen)
    around = Surroundings.read()
    choice = choose(around)
    if not choice.by_user:
        if not quiet and CHOSEN not in os.environ and (advice := advise(around, choice)):
            _log.warning("%s", advice)
        os.environ[VARIABLE] = os.environ[CHOSEN] = choice.name
    return choice


def without_choice(variables: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables without a backend that chestnut chose, so that another machine chooses its own.

    >>> without_choice({"KERAS_BACKEND": "jax", "CHESTNUT_CHOSEN_BACKEND": "jax"})
    {}
    >>> without_choice({"KERAS_BACKEND": "jax"})
    {'KERAS_BACKEND': 'jax'}
    """
    kept = {name: text for name, text in variables.items() if name != CHOSEN}
    if variables.get(CHOSEN) and variables[CHOSEN] == variables.get(VARIABLE):
        del kept[VARIABLE]
    return kept


def _loaded_backend() -> Backend | None:
    """Return the backend of Keras if Keras is imported."""
    keras: Any = sys.modules.get("keras")
    return None if keras is None else _known(str(keras.config.backend()))


def keras_file(variables: Mapping[str, str]) -> Path:
    """Return the path of Keras's configuration file."""
    home = variables.get("KERAS_HOME")
    return (Path(home) if home else Path("~/.keras").expanduser()) / "keras.json"


def read_configured(path: Path) -> str:
    """Return the backend that Keras's configuration file names; empty if there is no such file, or no JSON in it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(found.get("backend", "")) if isinstance(found, dict) else ""


def _lets_jax(variables: Mapping[str, str]) -> bool:
    """Return whether `JAX_PLATFORMS` lets JAX use an accelerator."""
    names = {name.strip() for name in variables.get("JAX_PLATFORMS", "").split(",")} - {""}
    return not names or bool(names & {"cuda", "gpu", "tpu"})
