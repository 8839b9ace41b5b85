"""`RunFolder`: the files of a run by name. It is the only thing that one command passes to another."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chestnut.config import Recipe
from chestnut.errors import RunError
from chestnut.files.atomic import replacing, write_text
from chestnut.files.folders import finish_replacement, finish_replacements, new_folder
from chestnut.files.json_files import json_text, read_json, write_json
from chestnut.files.locks import locked
from chestnut.runs.ledger import Ledger, Look
from chestnut.runs.record import RUN_VERSION, RunRecord

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RunFolder:
    """A run's files by name; nothing is read before it is asked for.

    Attributes:
        path: The folder.
    """

    path: Path

    @classmethod
    @contextmanager
    def create(cls, path: Path, recipe: Recipe, record: RunRecord, facts: dict[str, Any]) -> Iterator[Self]:
        """Create a run folder, which appears complete when the block succeeds.

        Args:
            path: A folder that does not exist yet, or an empty one.
            recipe: The resolved recipe.
            record: What is known of the run.
            facts: `Manifest.facts()` of its images.

        Yields:
            The run at a temporary place, where the block may write more files.

        Raises:
            RunError: The path is taken.
            DiskError: The disk is full or not writable.
        """
        require_free(path)
        with new_folder(path, last="environment.json") as draft:
            run = cls(draft)
            write_text(run.recipe_file, recipe.to_toml())
            write_json(run.facts_file, facts)
            write_json(run.environment_file, {"format": RUN_VERSION} | record.to_dict())
            yield run

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """Open a run folder.

        Raises:
            RunError: There is no run, or a newer chestnut made it.
        """
        run = cls(Path(path))
        finish_replacement(run.path)
        if not run.path.is_dir():
            raise RunError(f"no run folder {path}; `chestnut runs` lists the runs there are")
        if not run.environment_file.is_file():
            raise RunError(f"{path} is not a run folder: it has no environment.json; give a folder that train made")
        version = run._object(run.environment_file).get("format")
        if not isinstance(version, int):
            raise RunError(
                f"{run.environment_file} is damaged: it has no format; restore it from a copy or train again"
            )
        if version > RUN_VERSION:
            raise RunError(
                f"{path} was made by a newer chestnut (format {version}, this one reads up to {RUN_VERSION}); "
                "upgrade with pip install --upgrade chestnut"
            )
        return run

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    @property
    def recipe_file(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.toml"

    @property
    def manifest_file(self) -> Path:
        """Every image used."""
        return self.path / "manifest.csv"

    @property
    def facts_file(self) -> Path:
        """What is known of the data beside the rows: classes, positive class, notes."""
        return self.path / "data.json"

    @property
    def environment_file(self) -> Path:
        """Versions, device, command line, status."""
        return self.path / "environment.json"

    @property
    def history_file(self) -> Path:
        """One row an epoch."""
        return self.path / "history.csv"

    @property
    def audit_file(self) -> Path:
        """The audit's findings at the time of training."""
        return self.path / "audit.json"

    @property
    def ledger_file(self) -> Path:
        """Every look at the test split."""
        return self.path / "ledger.json"

    @property
    def state(self) -> Path:
        """What a resume needs; gone when training has ended well."""
        return self.path / "state"

    @property
    def bundle(self) -> Path:
        """The trained network with all it needs to predict."""
        return self.path / "bundle"

    @property
    def figures(self) -> Path:
        """Pictures of the data and of training."""
        return self.path / "figures"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's event files."""
        return self.path / "tensorboard"

    @property
    def report_file(self) -> Path:
        """The report, one file that opens offline."""
        return self.path / "report.html"

    def evaluation(self, name: str) -> Path:
        """The folder of one evaluation: a split's name, or that of an external data set."""
        return self.path / "evaluation" / name

    def evaluations(self) -> list[str]:
        """Names of the evaluations that stand in the folder: val and test first, then others by name."""
        names = sorted(item.parent.name for item in (self.path / "evaluation").glob("*/metrics.json"))
        return sorted(names, key=lambda name: {"test": 0, "val": 1, "train": 2}.get(name, 3))

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        if not self.recipe_file.is_file():
            raise RunError(f"{self.recipe_file} is missing, so the run cannot be used; train it again")
        return Recipe.from_toml(self.recipe_file.read_text(encoding="utf-8"), str(self.recipe_file))

    @property
    def facts(self) -> dict[str, Any]:
        """`Manifest.facts()` of the images used."""
        return self._object(self.facts_file)

    @property
    def record(self) -> RunRecord:
        """The content of environment.json: status, versions, device, command line and more.

        Raises:
            RunError: The file is missing or damaged.
        """
        return RunRecord.from_dict(self._object(self.environment_file), self.environment_file)

    @property
    def finished(self) -> bool:
        """Whether the run exists and its training has ended well."""
        return self.environment_file.is_file() and self.record.finished

    def update(self, **changes: Any) -> RunRecord:
        """Change fields of environment.json, while no other process does.

        Args:
            changes: New values of fields of `RunRecord`.

        Returns:
            The record with the changes.

        Raises:
            RunError: The file is missing or damaged, or a value has the wrong type.
        """
        with locked(self.path / ".lock"):
            values = self._object(self.environment_file) | json.loads(json_text(changes))
            record = RunRecord.from_dict(values, self.environment_file)
            write_json(self.environment_file, values)
        return record

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch; empty before the first has ended."""
        import pandas as pd

        if not self.history_file.is_file():
            return pd.DataFrame()
        return pd.read_csv(self.history_file)

    def write_history(self, rows: list[dict[str, Any]]) -> None:
        """Replace history.csv."""
        import pandas as pd

        with replacing(self.history_file) as temporary:
            pd.DataFrame(rows).to_csv(temporary, index=False)

    @property
    def ledger(self) -> Ledger:
        """Every look at a test split."""
        return Ledger(self.ledger_file)

    @property
    def own_looks(self) -> list[Look]:
        """The looks at the run's own test split, without those at other data sets."""
        root = self.facts.get("root")
        return [look for look in self.ledger.looks if look.data in ("", root)]

    def metrics(self, name: str) -> dict[str, Any]:
        """The metrics.json of one evaluation.

        Raises:
            RunError: That evaluation was not made.
        """
        path = self.evaluation(name) / "metrics.json"
        if not path.is_file():
            raise RunError(
                f"{self.path} has no evaluation {name!r}; make it by chestnut evaluate {self.path} --split {name}"
            )
        return self._object(path)

    def _object(self, path: Path) -> dict[str, Any]:
        if not path.is_file():
            raise RunError(f"{path} is missing, so the run cannot be used; train it again")
        value = read_json(path)
        if not isinstance(value, dict):
            raise RunError(f"{path} does not hold a JSON object; restore it or train again")
        return value


def require_free(path: Path) -> None:
    """Refuse a place for a new run where something stands.

    Raises:
        RunError: The path exists and is not an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} exists already; choose another --name, or go on with a stopped run by --resume {path}")


def find_runs(folder: Path) -> list[RunFolder]:
    """Return the runs directly below a folder, oldest first."""
    finish_replacements(folder)
    found = [RunFolder(item.parent) for item in folder.glob("*/environment.json") if item.parent.name[0] != "."]
    return sorted(found, key=lambda run: run.environment_file.stat().st_mtime)


def now() -> str:
    """The time, to the second, in ISO 8601 with its zone.

    >>> now()[4], now()[10]
    ('-', 'T')
    """
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def free_folder(parent: Path, name: str) -> Path:
    """The path `<parent>/<name>-<number>` with the first number that is free."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"
