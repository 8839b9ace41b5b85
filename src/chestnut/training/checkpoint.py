"""Save what a resumed run needs: the bits of every variable, and the progress of the training.

The start is saved before the run folder appears: all variables of the network. After every epoch, the variables are
those of the learner (weights, batch statistics, states of the random generators for dropout and augmentation) and of
its optimiser. The order of the data is not saved, as it follows from the seed and the number of the epoch. No pickle
is used. Each file is checked against its hash before it is used.
"""

from __future__ import annotations

import math
import shutil
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import keras
from pydantic import TypeAdapter, ValidationError

from chestnut.errors import DataError, RunError
from chestnut.files.json_files import read_json, write_json
from chestnut.files.locks import locked
from chestnut.training.array_file import Arrays, describe_damage, read_arrays, write_arrays
from chestnut.training.optimizers import averages
from chestnut.training.schedules import Plateau

_LOCK, _START, _LATEST = "lock", "start.arrays", "latest.json"


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
        return self._latest.is_file()

    def has_start(self) -> bool:
        """Tell whether the start has been saved."""
        return (self.folder / _START).is_file()

    def save_start(self, network: keras.Model) -> str:
        """Save all variables of the network that training starts from, and return the SHA-256 of their file."""
        return write_arrays(self.folder / _START, [variable.numpy() for variable in network.variables])

    def restore_start(self, network: keras.Model, expected: str | None) -> None:
        """Set all variables of a network to those that training started from.

        Args:
            network: The network, assembled anew.
            expected: The SHA-256 that `save_start` returned; None for a run of an older chestnut, which kept the
                weights without the states of random generators.

        Raises:
            RunError: The file is missing, was changed or damaged, or was saved by another network.
        """
        arrays = read_arrays(self.folder / _START, expected)
        self._assign(network.weights if expected is None else network.variables, arrays)

    def save(self, learner: keras.Model, progress: Progress) -> None:
        """Save variables and progress; if the process is killed meanwhile, the previous epoch's remain."""
        latest, best = self._file(progress.epoch), self._file(progress.best_epoch)
        hashes = {latest.name: write_arrays(latest, _values(learner))}
        if best != latest and (known := self._read_hash(best.name)) is not None:
            hashes[best.name] = known
        write_json(self._latest, {"variables": latest.name, "hashes": hashes, "progress": asdict(progress)})
        self._remove_others({latest.name, best.name, _LATEST, _LOCK, _START})

    def restore(self, learner: keras.Model) -> Progress:
        """Set the learner's variables to the saved values and return the progress.

        Raises:
            RunError: A file is missing, was changed or damaged, or was saved by another network.
        """
        saved = self._read()
        self._assign(_variables(learner), read_arrays(self.folder / saved.variables, saved.hashes.get(saved.variables)))
        return saved.progress

    def best_weights(self, learner: keras.Model, progress: Progress) -> Arrays:
        """Return the network's weights at the best epoch, or their running averages if there are any.

        Raises:
            RunError: The file of that epoch is missing, or was changed or damaged.
        """
        path = self._file(progress.best_epoch)
        arrays = read_arrays(path, self._read().hashes.get(path.name))
        saved = {id(variable): value for variable, value in zip(_variables(learner), arrays, strict=True)}
        if progress.best_epoch:  # before the first step there is no average yet
            saved |= {id(variable): saved[id(average)] for variable, average in averages(learner.optimizer)}
        return [saved[id(variable)] for variable in learner.network.weights]

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _latest(self) -> Path:
        return self.folder / _LATEST

    def _file(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch:04d}.arrays"

    def _read(self) -> _Latest:
        try:
            latest = _read_latest(read_json(self._latest))
        except (DataError, ValidationError, KeyError, TypeError, AttributeError) as error:
            fault = "its content is not what chestnut wrote"
            raise RunError(describe_damage(self._latest, fault)) from error
        if latest.variables != self._file(latest.progress.epoch).name:
            raise RunError(describe_damage(self._latest, f"{latest.variables} is not the file of its last epoch"))
        return latest

    def _read_hash(self, name: str) -> str | None:
        """Return the kept hash of a file without reading all that is in latest.json into types, which takes longer."""
        found: str | None = read_json(self._latest).get("hashes", {}).get(name) if self.exists() else None
        return found

    def _assign(self, variables: list[Any], arrays: Arrays) -> None:
        if [item.shape for item in arrays] != [tuple(item.shape) for item in variables]:
            raise RunError(f"{self.folder} was saved by another network; remove the run folder and train again")
        for variable, value in zip(variables, arrays, strict=True):
            variable.assign(value)

    def _remove_others(self, kept: set[str]) -> None:
        for item in self.folder.iterdir():
            if item.name not in kept:
                item.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Latest:
    """The content of latest.json.

    Attributes:
        variables: The name of the file of the last epoch.
        progress: The progress after that epoch.
        hashes: The SHA-256 of the files of the last and the best epoch, by name; an older chestnut wrote none.
    """

    variables: str
    progress: Progress
    hashes: dict[str, str] = field(default_factory=dict)


def _variables(learner: keras.Model) -> list[Any]:
    """Return a learner's variables in a fixed order, without metrics, which each epoch resets, and the frozen part."""
    left_out = list(learner.metrics_variables) + (learner.frozen.variables if learner.frozen else [])
    known = {id(variable) for variable in left_out}
    own = [variable for variable in learner.variables if id(variable) not in known]
    return own + list(learner.optimizer.variables)


def _values(learner: keras.Model) -> Arrays:
    return [variable.numpy() for variable in _variables(learner)]


def _read_latest(saved: dict[str, Any]) -> _Latest:
    """Convert what `asdict` wrote; JSON has no infinity and no NaN, so null replaces them."""
    progress = saved["progress"]
    plateau = progress["plateau"] | {"best": _number(progress["plateau"]["best"], math.inf)}
    rows = [{key: _number(value, math.nan) for key, value in row.items()} for row in progress["rows"]]
    start = {key: _number(value, math.nan) for key, value in progress.get("start", {}).items()}
    values = progress | {"rows": rows, "plateau": plateau, "start": start}
    return _latest_type().validate_python(saved | {"progress": values})


@cache
def _latest_type() -> TypeAdapter[_Latest]:
    return TypeAdapter(_Latest)


def _number(value: Any, otherwise: float) -> Any:
    return otherwise if value is None else value
