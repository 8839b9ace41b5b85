"""What a resume needs, written after every epoch: every variable's bits, and how far training has come.

The variables are those of the learner (weights, batch statistics, states of dropout and augmentation generators) and
of its optimiser. The data order needs no saving: it follows from the seed and the epoch's number. No pickle is used.
"""

from __future__ import annotations

import math
import shutil
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from chestnut.errors import RunError
from chestnut.files.atomic import replacing
from chestnut.files.json_files import read_json, write_json
from chestnut.files.locks import locked
from chestnut.training.optimizers import averages
from chestnut.training.schedules import Plateau

Arrays = list[npt.NDArray[Any]]

_LOCK, _START = "lock", "start.arrays"


@dataclass(frozen=True)
class Progress:
    """How far training has come.

    Attributes:
        rows: One a finished epoch, as in history.csv.
        best_epoch: Number of the best epoch by the recipe's stopping metric, from 1; 0 before the first, and where the
            start was better than all.
        best: Its value.
        reference: The value that patience waits to see improved.
        waited: Epochs since it was.
        plateau: State of the plateau rule.
        start: Validation figures before the first epoch; empty unless the run goes on from another's weights.
    """

    rows: tuple[dict[str, Any], ...] = ()
    best_epoch: int = 0
    best: float | None = None
    reference: float | None = None
    waited: int = 0
    plateau: Plateau = field(default_factory=Plateau)
    start: dict[str, Any] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """Finished epochs."""
        return len(self.rows)

    def with_row(self, row: dict[str, Any]) -> Progress:
        """One epoch further."""
        return replace(self, rows=(*self.rows, row))


@dataclass(frozen=True)
class Checkpoint:
    """The folder `state/` of a run; `latest.json` names the files that belong together."""

    folder: Path

    def owned(self) -> AbstractContextManager[None]:
        """Keep other processes from training the run meanwhile; a process that dies gives it free.

        Raises:
            RunError: Another process is training it.
        """
        busy = f"{self.folder.parent} is being trained by another process; wait for it or end it"
        return locked(self.folder / _LOCK, wait=0, busy=busy)

    def exists(self) -> bool:
        """Whether an epoch has been saved."""
        return (self.folder / "latest.json").is_file()

    def save(self, learner: keras.Model, progress: Progress) -> None:
        """Save the variables and the progress; a kill at any moment leaves this epoch's or the one before."""
        latest, best = self._file(progress.epoch), self._file(progress.best_epoch)
        _write_arrays(latest, _values(learner))
        write_json(self.folder / "latest.json", {"variables": latest.name, "progress": asdict(progress)})
        self._remove_others({latest.name, best.name, "latest.json", _LOCK, _START})

    def restore(self, learner: keras.Model) -> Progress:
        """Set the learner's variables as they were saved.

        Raises:
            RunError: The saved variables do not fit the learner.
        """
        saved = read_json(self.folder / "latest.json")
        progress = _progress(saved["progress"])
        arrays = _read_arrays(self.folder / saved["variables"])
        variables = _variables(learner)
        if [item.shape for item in arrays] != [tuple(item.shape) for item in variables]:
            raise RunError(f"{self.folder} was saved by another network; remove the run folder and train anew")
        for variable, value in zip(variables, arrays, strict=True):
            variable.assign(value)
        return progress

    def best_weights(self, learner: keras.Model, progress: Progress) -> Arrays:
        """The network's weights at the best epoch, averaged where an average is kept, in the order of its `weights`."""
        saved = {
            id(variable): value
            for variable, value in zip(_variables(learner), _read_arrays(self._file(progress.best_epoch)), strict=True)
        }
        if progress.best_epoch:  # before the first step there is no average yet
            saved |= {id(variable): saved[id(average)] for variable, average in averages(learner.optimizer)}
        return [saved[id(variable)] for variable in learner.network.weights]

    def save_start(self, network: keras.Model) -> None:
        """Save the weights that training starts from, frozen ones included; later files hold only what is trained."""
        _write_arrays(self.folder / _START, [variable.numpy() for variable in network.weights])

    def start(self) -> Arrays | None:
        """The weights that training started from, in the order of the network's `weights`; None if none were saved."""
        path = self.folder / _START
        return _read_arrays(path) if path.is_file() else None

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch:04d}.arrays"

    def _remove_others(self, kept: set[str]) -> None:
        for item in self.folder.iterdir():
            if item.name not in kept:
                item.unlink(missing_ok=True)


def _variables(learner: keras.Model) -> list[Any]:
    """Every variable of a learner in a fixed order but metrics, which each epoch starts anew, and the frozen part's."""
    left_out = list(learner.metrics_variables) + (learner.frozen.variables if learner.frozen else [])
    known = {id(variable) for variable in left_out}
    own = [variable for variable in learner.variables if id(variable) not in known]
    return own + list(learner.optimizer.variables)


def _values(learner: keras.Model) -> Arrays:
    return [variable.numpy() for variable in _variables(learner)]


def _write_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays one after the other in NumPy's format: an archive's checksums would cost more than the writing."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        for array in (np.array(len(arrays)), *arrays):
            np.save(file, array, allow_pickle=False)


def _read_arrays(path: Path) -> Arrays:
    with path.open("rb") as file:
        return [np.load(file, allow_pickle=False) for _ in range(int(np.load(file, allow_pickle=False)))]


def _progress(saved: dict[str, Any]) -> Progress:
    """Read what `asdict` wrote; JSON has no infinity and no NaN, so null stands for them."""
    plateau = Plateau(**saved["plateau"] | {"best": _number(saved["plateau"]["best"], math.inf)})
    rows = tuple({key: _number(value, math.nan) for key, value in row.items()} for row in saved["rows"])
    start = {key: _number(value, math.nan) for key, value in saved.get("start", {}).items()}
    return Progress(**saved | {"rows": rows, "plateau": plateau, "start": start})


def _number(value: Any, otherwise: float) -> Any:
    return otherwise if value is None else value
