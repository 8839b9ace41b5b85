"""`TuneFolder`: the files of a search by name.

Called by `tune`, `trials`, `report` and `cli`; calls `files`, `folder` and `tuneplan`. Its runs are ordinary run
folders below it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, RunError, listed
from chestnut.files import read_json, write_json
from chestnut.runs import RunFolder, begun
from chestnut.search.folder import owned
from chestnut.search.tuneplan import TunePlan

#: What the runs of the recipe's own settings are called.
DEFAULT = "default"


def trial_name(number: int) -> str:
    """What the runs of a trial are called before their seed; -1 stands for the recipe's own settings.

    >>> trial_name(7), trial_name(-1)
    ('trial-007', 'default')
    """
    return DEFAULT if number < 0 else f"trial-{number:03d}"


@dataclass(frozen=True)
class TuneFolder:
    """A search's files by name.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def plan_file(self) -> Path:
        """What is searched, and how."""
        return self.path / "tuneplan.json"

    @property
    def manifest_file(self) -> Path:
        """Every image used, with its split."""
        return self.path / "manifest.csv"

    @property
    def facts_file(self) -> Path:
        """What is known of the data beside the rows."""
        return self.path / "data.json"

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
    def figures(self) -> Path:
        """Pictures of the search."""
        return self.path / "figures"

    @property
    def tensorboard(self) -> Path:
        """What TensorBoard is to show of all runs together."""
        return self.path / "tensorboard"

    @property
    def page_file(self) -> Path:
        """The page, one file that opens offline."""
        return self.path / "tune.html"

    def run(self, number: int, seed: int) -> RunFolder:
        """The run of a trial with a seed; -1 stands for the recipe's own settings."""
        return RunFolder(self.path / f"{trial_name(number)}-s{seed}")

    @property
    def plan(self) -> TunePlan:
        """What is searched.

        Raises:
            RunError: No search stands in the folder, or it is damaged.
        """
        if not self.plan_file.is_file():
            raise RunError(f"{self.path} is no search: it has no tuneplan.json; give a folder that tune made")
        return TunePlan.from_dict(read_json(self.plan_file), str(self.plan_file))

    @property
    def facts(self) -> dict[str, Any]:
        """`Manifest.facts()` of the images."""
        found = read_json(self.facts_file)
        if not isinstance(found, dict):
            raise RunError(f"{self.facts_file} does not hold an object; restore it from a copy or search anew")
        return found

    @classmethod
    def begin(cls, path: Path, plan: TunePlan, manifest: Manifest) -> Self:
        """Make the folder of a plan, whole; or open that of an equal one, whose number of trials may differ.

        Raises:
            RunError: Something else stands there, or the search of another plan.
            DiskError: The disk is full or may not be written.
        """
        folder = cls(path)
        if folder.plan_file.is_file():
            held = folder.plan
            if differing := held.differences(plan):
                raise RunError(
                    f"{path} holds a search that differs in {listed(differing)}; choose another --name, "
                    f"or go on with the one that stands there by --resume {path}"
                )
            folder.extend(plan.trials)
            return folder
        with begun(path) as made:
            draft = cls(made)
            manifest.save(draft.manifest_file)
            write_json(draft.facts_file, manifest.facts())
            write_json(draft.plan_file, plan.to_dict())
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

    def owned(self) -> AbstractContextManager[None]:
        """Keep other processes out meanwhile; see `folder.owned`."""
        return owned(self.path)
