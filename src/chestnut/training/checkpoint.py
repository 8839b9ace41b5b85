"""Save after every epoch what a resumed run needs: the bits of every variable, and the progress of the training.

The variables are those of the learner (weights, batch statistics, states of the random generators for dropout and
augmentation) and of its optimiser. The order of the data is not saved, as it follows from the seed and the number of
the epoch. No pickle is used.
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
    """The progress of a training.

    Attributes:
        rows: The rows of history.csv, one per finished epoch.
        best_epoch: The best epoch by the recipe's stopping metric, from 1; 0 before the first epoch, and if the start
            was better than every epoch.
        best: The value of the metric at the best epoch.
        reference: The value that must be improved before patience ends.
        waited: The number of epochs since it was last improved.
        plateau: The state of the plateau rule.
        start: The validation metrics before the first epoch; empty unless the run starts from another run's weights.
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
        """The number of finished epochs."""
        return len(self.rows)

    def with_row(self, row: dict[str, Any]) -> Progress:
        """Return the progress after one more epoch."""
        return replace(self, rows=(*self.rows, row))


@dataclass(frozen=True)
class Checkpoint:
    """The folder `state/` of a run. Its file `latest.json` says which of the other files are current."""

    folder: Path

    def owned(self) -> AbstractContextManager[None]:
        """Lock the run so that no other process trains it; if this process dies, the lock is released.

        Raises:
            RunError: Another process is training the run.
        """
        busy = f"{self.folder.parent} is being trained by another process; wait for it or end it"
        return locked(self.folder / _LOCK, wait=0, busy=busy)

    def exists(self) -> bool:
        """Tell whether an epoch has been saved."""
        return (self.folder / "latest.json").is_file()

    def save(self, learner: keras.Model, progress: Progress) -> None:
        """Save variables and progress; if the process is killed meanwhile, the previous epoch's remain."""
        latest, best = self._file(progress.epoch), self._file(progress.best_epoch)
        _write_arrays(latest, _values(learner))
        write_json(self.folder / "latest.json", {"variables": latest.name, "progress": asdict(progress)})
        self._remove_others({latest.name, best.name, "latest.json", _LOCK, _START})

    def restore(self, learner: keras.Model) -> Progress:
        """Set the learner's variables to the saved values and return the progress.

        Raises:
            RunError: The saved variables do not fit the learner.
        """
        saved = read_json(self.folder / "latest.json")
        progress = _read_progress(saved["progress"])
        arrays = _read_arrays(self.folder / saved["variables"])
        variables = _variables(learner)
        if [item.shape for item in arrays] != [tuple(item.shape) for item in variables]:
            raise RunError(f"{self.folder} was saved by another network; remove the run folder and train again")
        for variable, value in zip(variables, arrays, strict=True):
            variable.assign(value)
        return progress

    def best_weights(self, learner: keras.Model, progress: Progress) -> Arrays:
        """Return the network's weights at the best epoch, or their running averages if there are any."""
        saved = {
            id(variable): value
            for variable, value in zip(_variables(learner), _read_arrays(self._file(progress.best_epoch)), strict=True)
        }
        if progress.best_epoch:  # before the first step there is no average yet
            saved |= {id(variable): saved[id(average)] for variable, average in averages(learner.optimizer)}
        return [saved[id(variable)] for variable in learner.network.weights]

    def save_start(self, network: keras.Model) -> None:
        """Save the weights that training starts from, including frozen ones, which later files do not contain."""
        _write_arrays(self.folder / _START, [variable.numpy() for variable in network.weights])

    def start(self) -> Arrays | None:
        """Return the weights that training started from, in the order of the network's `weights`, if saved."""
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
    """Return a learner's variables in a fixed order, without metrics, which each epoch resets, and the frozen part."""
    left_out = list(learner.metrics_variables) + (learner.frozen.variables if learner.frozen else [])
    known = {id(variable) for variable in left_out}
    own = [variable for variable in learner.variables if id(variable) not in known]
    return own + list(learner.optimizer.variables)


def _values(learner: keras.Model) -> Arrays:
    return [variable.numpy() for variable in _variables(learner)]


def _write_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays one after the other in NumPy's format; the checksums of an archive would take longer."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        for array in (np.array(len(arrays)), *arrays):
            np.save(file, array, allow_pickle=False)


def _read_arrays(path: Path) -> Arrays:
    with path.open("rb") as file:
        return [np.load(file, allow_pickle=False) for _ in range(int(np.load(file, allow_pickle=False)))]


def _read_progress(saved: dict[str, Any]) -> Progress:
    """Convert what `asdict` wrote; JSON has no infinity and no NaN, so null replaces them."""
    plateau = Plateau(**saved["plateau"] | {"best": _number(saved["plateau"]["best"], math.inf)})
    rows = tuple({key: _number(value, math.nan) for key, value in row.items()} for row in saved["rows"])
    start = {key: _number(value, math.nan) for key, value in saved.get("start", {}).items()}
    return Progress(**saved | {"rows": rows, "plateau": plateau, "start": start})


def _number(value: Any, otherwise: float) -> Any:
    return otherwise if value is None else value
