"""`RunFolder`: the files of a run by name.

The run folder is the only thing that one command passes to another.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chestnut.config import Recipe
from chestnut.errors import ChestnutError, DataError, RunError
from chestnut.files.atomic import replacing, write_text
from chestnut.files.folders import finish_replacement, finish_replacements, new_folder
from chestnut.files.json_files import json_text, read_json, write_json
from chestnut.files.locks import locked
from chestnut.runs.ledger import Ledger, Look
from chestnut.runs.places import require_free
from chestnut.runs.record import RUN_VERSION, RunRecord

if TYPE_CHECKING:
    import pandas as pd

#: The splits in the order in which evaluations are listed.
_SPLITS = ("test", "val", "train")


@dataclass(frozen=True)
class RunFolder:
    """The files of a run. A file is read each time its content is asked for.

    Attributes:
        path: The run's folder.
    """

    path: Path

    @classmethod
    @contextmanager
    def create(cls, path: Path, recipe: Recipe, record: RunRecord, facts: dict[str, Any]) -> Iterator[Self]:
        """Create a run folder, which appears complete when the block succeeds.

        Args:
            path: A folder that does not exist yet, or an empty one.
            recipe: The resolved recipe.
            record: The first content of environment.json.
            facts: `Manifest.facts()` of its images.

        Yields:
            The run under a temporary path, to which the block may add more files.

        Raises:
            TakenError: The path is taken, or was taken while the block ran.
            DiskError: The disk is full or not writable.
        """
        require_free(path)
        try:
            with new_folder(path, last="environment.json") as draft:
                run = cls(draft)
                write_text(run.recipe_file, recipe.to_toml())
                write_json(run.facts_file, facts)
                write_json(run.environment_file, {"format": RUN_VERSION} | record.to_dict())
                yield run
        except ChestnutError:
            require_free(path)  # says so if another process has taken the path meanwhile
            raise

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """Open a run folder.

        Raises:
            RunError: There is no run, it is damaged, or a newer chestnut made it.
        """
        run = cls(Path(path))
        finish_replacement(run.path)
        if not run.path.is_dir():
            raise RunError(f"there is no run folder {path}; chestnut runs FOLDER lists the runs in a folder")
        if not run.environment_file.is_file():
            raise RunError(
                f"{path} is not a run folder: it has no environment.json; give a folder that chestnut train wrote"
            )
        version = run._read_object(run.environment_file).get("format")
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
        """The file that contains the resolved recipe."""
        return self.path / "recipe.toml"

    @property
    def manifest_file(self) -> Path:
        """The file that lists every image of the run."""
        return self.path / "manifest.csv"

    @property
    def facts_file(self) -> Path:
        """The file that contains the classes, the positive class, the notes and more about the images."""
        return self.path / "data.json"

    @property
    def environment_file(self) -> Path:
        """The file that contains the run's record: status, versions, device, command line."""
        return self.path / "environment.json"

    @property
    def history_file(self) -> Path:
        """The file with one row per epoch."""
        return self.path / "history.csv"

    @property
    def audit_file(self) -> Path:
        """The findings of the audit before training; the file is missing if there was no audit."""
        return self.path / "audit.json"

    @property
    def ledger_file(self) -> Path:
        """The file that lists every look at a test split."""
        return self.path / "ledger.json"

    @property
    def state(self) -> Path:
        """The folder with what a resume needs; it is removed when training has finished."""
        return self.path / "state"

    @property
    def bundle(self) -> Path:
        """The folder with the trained network and all it needs to predict."""
        return self.path / "bundle"

    @property
    def figures(self) -> Path:
        """The folder of pictures of the data and of training."""
        return self.path / "figures"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's event files."""
        return self.path / "tensorboard"

    @property
    def report_file(self) -> Path:
        """The report, a single file that opens offline."""
        return self.path / "report.html"

    def evaluation(self, name: str) -> Path:
        """Return the folder of an evaluation.

        Args:
            name: A split, or the name of another data set.
        """
        return self.path / "evaluation" / name

    def evaluations(self) -> list[str]:
        """Return the names of the evaluations: test, val and train first, then others in alphabetical order."""
        names = sorted(item.parent.name for item in (self.path / "evaluation").glob("*/metrics.json"))
        return sorted(names, key=lambda name: _SPLITS.index(name) if name in _SPLITS else len(_SPLITS))

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe.

        Raises:
            RunError: The file is missing.
            RecipeError: The file is damaged.
        """
        if not self.recipe_file.is_file():
            raise RunError(f"{self.recipe_file} is missing; restore it from a copy or train again")
        return Recipe.from_toml(self.recipe_file.read_text(encoding="utf-8"), str(self.recipe_file))

    @property
    def facts(self) -> dict[str, Any]:
        """`Manifest.facts()` of the run's images."""
        return self._read_object(self.facts_file)

    @property
    def record(self) -> RunRecord:
        """The content of environment.json: status, versions, device, command line and more.

        Raises:
            RunError: The file is missing or damaged.
        """
        return RunRecord.from_dict(self._read_object(self.environment_file), self.environment_file)

    @property
    def finished(self) -> bool:
        """Whether the run exists and its training has ended well."""
        return self.environment_file.is_file() and self.record.finished

    def remove_state(self) -> None:
        """Remove what a resume needs, once nothing is left to resume; a kill may have left it behind."""
        shutil.rmtree(self.state, ignore_errors=True)

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
            values = self._read_object(self.environment_file) | json.loads(json_text(changes))
            record = RunRecord.from_dict(values, self.environment_file)
            write_json(self.environment_file, values)
        return record

    @property
    def history(self) -> pd.DataFrame:
        """One row per epoch; empty before the first epoch has ended.

        Raises:
            DataError: The file is damaged.
        """
        import pandas as pd

        if not self.history_file.is_file():
            return pd.DataFrame()
        try:
            return pd.read_csv(self.history_file)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise DataError(f"{self.history_file} is not a table ({error}); restore it from a copy") from error

    def write_history(self, rows: list[dict[str, Any]]) -> None:
        """Write history.csv, one row per epoch."""
        import pandas as pd

        with replacing(self.history_file) as temporary:
            pd.DataFrame(rows).to_csv(temporary, index=False)

    @property
    def ledger(self) -> Ledger:
        """Every look at a test split."""
        return Ledger(self.ledger_file)

    @property
    def own_looks(self) -> list[Look]:
        """The looks at the run's own test split, oldest first, without those at other data sets."""
        root = self.facts.get("root")
        return [look for look in self.ledger.looks if look.data in ("", root)]

    def metrics(self, name: str) -> dict[str, Any]:
        """Read the metrics.json of an evaluation; see `evaluation` for its name.

        Raises:
            RunError: There is no such evaluation.
        """
        path = self.evaluation(name) / "metrics.json"
        if not path.is_file():
            images = f"--split {name}" if name in _SPLITS else "DATA"
            raise RunError(
                f"{self.path} has no evaluation {name!r}; to make it, run chestnut evaluate {self.path} {images}"
            )
        return self._read_object(path)

    def _read_object(self, path: Path) -> dict[str, Any]:
        if not path.is_file():
            raise RunError(f"{path} is missing; restore it from a copy or train again")
        value = read_json(path)
        if not isinstance(value, dict):
            raise RunError(f"{path} does not contain a JSON object; restore it from a copy or train again")
        return value


def find_runs(folder: Path) -> list[RunFolder]:
    """Return the runs directly below a folder, oldest first."""
    finish_replacements(folder)
    found = [RunFolder(item.parent) for item in folder.glob("*/environment.json") if item.parent.name[0] != "."]
    return sorted(found, key=lambda run: run.environment_file.stat().st_mtime)
