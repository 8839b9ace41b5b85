"""`TuneFolder`: the files of a search by name.

Called by `tune`, `trials`, `report` and `cli`; derives from `planned`. Its runs are ordinary run folders below it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Self

from chestnut.data.manifest import Manifest
from chestnut.errors import DataError
from chestnut.files import write_json
from chestnut.runs import RunFolder
from chestnut.search.planned import PlannedFolder
from chestnut.search.tuneplan import TunePlan

#: What the runs of the recipe's own settings are called.
DEFAULT = "default"


def trial_name(number: int) -> str:
    """What the runs of a trial are called before their seed; -1 stands for the recipe's own settings.

    >>> trial_name(7), trial_name(-1)
    ('trial-007', 'default')
    """
    return DEFAULT if number < 0 else f"trial-{number:03d}"


class TuneFolder(PlannedFolder[TunePlan]):
    """A search's files by name."""

    plan_type = TunePlan
    plan_name = "tuneplan.json"
    page_name = "tune.html"
    noun = "search"
    command = "tune"

    @property
    def study_file(self) -> Path:
        """Optuna's storage: every trial, as far as it has come."""
        return self.path / "study.db"

    @property
    def result_file(self) -> Path:
        """The outcome."""
        return self.path / "tune.json"

    @property
    def table_file(self) -> Path:
        """The trials, a row each."""
        return self.path / "trials.csv"

    @property
    def best_file(self) -> Path:
        """The best settings, as a recipe that `chestnut train` takes."""
        return self.path / "best.toml"

    @property
    def tensorboard(self) -> Path:
        """What TensorBoard is to show of all runs together."""
        return self.path / "tensorboard"

    def run(self, number: int, seed: int) -> RunFolder:
        """The run of a trial with a seed; -1 stands for the recipe's own settings."""
        return RunFolder(self.path / f"{trial_name(number)}-s{seed}")

    @classmethod
    def begin(cls, path: Path, plan: TunePlan, manifest: Manifest) -> Self:
        """As in `PlannedFolder`; an equal plan may differ in its number of trials, which then holds."""
        folder = super().begin(path, plan, manifest)
        folder.extend(plan.trials)
        return folder

    def extend(self, trials: int) -> None:
        """Ask for so many trials in all; those that there are stay.

        Raises:
            DataError: Fewer than 1.
        """
        if trials < 1:
            raise DataError(f"--trials {trials}: give 1 or more choices of settings to try")
        if (plan := self.plan).trials != trials:
            write_json(self.plan_file, replace(plan, trials=trials).to_dict())

    def settle(self, precision: str) -> None:
        """Keep what all runs train in."""
        write_json(self.plan_file, replace(self.plan, precision=precision).to_dict())
