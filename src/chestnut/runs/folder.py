"""`RunFolder`: the files of a run by name.

The run folder is the only thing that one command passes to another.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chestnut.config import Recipe
from chestnut.data.facts import ManifestFacts
from chestnut.errors import ChestnutError, DataError, RunError
from chestnut.files.csv_files import csv_text, parse_csv
from chestnut.files.folders import finish_replacement, finish_replacements, new_folder
from chestnut.files.json_files import json_text, parse_json, write_json
from chestnut.files.reading import decode_text, is_present
from chestnut.runs.audit_file import AuditFile
from chestnut.runs.checked_files import SPLITS, CheckedFiles
from chestnut.runs.ledger import Ledger, Look
from chestnut.runs.places import require_free
from chestnut.runs.record import RUN_VERSION, RunRecord

if TYPE_CHECKING:
    import pandas as pd

    from chestnut.data.manifest import Manifest
    from chestnut.runs.predictions import PredictionTable


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
                write_json(run.environment_file, {"format": RUN_VERSION} | record.to_dict())
                run.write(run.recipe_file, recipe.to_toml())
                run.write(run.facts_file, json_text(facts))
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
        if not is_present(run.path) or not run.path.is_dir():
            raise RunError(f"there is no run folder {path}; chestnut runs FOLDER lists the runs in a folder")
        if not is_present(run.environment_file):
            raise RunError(
                f"{path} is not a run folder: it has no environment.json; give a folder that chestnut train wrote"
            )
        version = run.record.format
        if version is None:
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
    def exports(self) -> Path:
        """The folder with the network in other formats, a folder each."""
        return self.path / "export"

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
    def finding_pictures(self) -> Path:
        """The folder of small pictures of the images that the audit found something about."""
        return self.figures / "audit"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's event files."""
        return self.path / "tensorboard"

    @property
    def report_file(self) -> Path:
        """The report, a single file that opens offline."""
        return self.path / "report.html"

    @property
    def exchange(self) -> Path:
        """The folder of the exchange test."""
        return self.path / "exchange"

    def evaluation(self, name: str) -> Path:
        """Return the folder of an evaluation.

        Args:
            name: A split, or the name of another data set.
        """
        return self.path / "evaluation" / name

    def errors(self, name: str) -> Path:
        """Return the folder of the mistakes in an evaluation; see `evaluation` for its name."""
        return self.path / "errors" / name

    def evaluations(self) -> list[str]:
        """Return the names of the evaluations: test, val and train first, then others in alphabetical order."""
        names = sorted(item.parent.name for item in (self.path / "evaluation").glob("*/metrics.json"))
        return sorted(names, key=lambda name: SPLITS.index(name) if name in SPLITS else len(SPLITS))

    @property
    def files(self) -> CheckedFiles:
        """The files that figures rest on, which are checked by their hashes."""
        return CheckedFiles(self.path)

    def read(self, path: Path) -> bytes:
        """Return the content of a file of the run, as chestnut wrote it; see `CheckedFiles.read`."""
        return self.files.read(path)

    def write(self, path: Path, text: str) -> None:
        """Write a file of the run, and its hash into the record; see `CheckedFiles.write`."""
        self.files.write(path, text)

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe.

        Raises:
            RunError: The file is missing or was changed.
            RecipeError: The file is damaged.
        """
        return Recipe.from_toml(self.recipe_text, str(self.recipe_file))

    @property
    def recipe_text(self) -> str:
        """The resolved recipe as TOML; raises RunError if the file is missing or was changed."""
        return decode_text(self.read(self.recipe_file), self.recipe_file, self.files.remedy(self.recipe_file))

    @property
    def facts(self) -> dict[str, Any]:
        """`Manifest.facts()` of the run's images.

        Raises:
            RunError: The file is missing or was changed.
            DataError: The file is damaged.
        """
        facts: dict[str, Any] = self._parse(self.facts_file, self.read(self.facts_file), ManifestFacts)
        return facts

    @property
    def manifest(self) -> Manifest:
        """Every image of the run.

        Raises:
            RunError: The file is missing or was changed.
            DataError: The file is damaged.
        """
        from chestnut.data.manifest import Manifest

        remedy = self.files.remedy(self.manifest_file)
        return Manifest.parse(self.read(self.manifest_file), self.manifest_file, self.facts, remedy)

    @property
    def rows(self) -> pd.DataFrame | None:
        """The rows of manifest.csv with every cell as text, whatever its columns mean; None if there is no such file.

        Raises:
            RunError: The file was changed.
            DataError: The file is damaged.
        """
        path = self.manifest_file
        if not path.exists():
            return None
        return parse_csv(self.read(path), path, ("path", "label", "patient", "split"), self.files.remedy(path))

    @property
    def audit(self) -> dict[str, Any] | None:
        """`Audit.to_dict()` of the audit before training; None if there was no audit.

        Raises:
            RunError: The file is missing or was changed.
            DataError: The file is damaged.
        """
        content = self.files.read_if_written(self.audit_file)
        return None if content is None else self._parse(self.audit_file, content, AuditFile)

    @property
    def record(self) -> RunRecord:
        """The content of environment.json: status, versions, device, command line and more.

        Raises:
            RunError: The file is missing or damaged.
        """
        return self.files.record

    @property
    def finished(self) -> bool:
        """Whether the run exists and its training has ended well."""
        return self.environment_file.is_file() and self.record.finished

    def remove_state(self) -> None:
        """Remove what a resume needs, once nothing is left to resume; a kill may have left it behind."""
        shutil.rmtree(self.state, ignore_errors=True)

    def update(self, **changes: Any) -> RunRecord:
        """Change fields of environment.json, while no other process does; see `CheckedFiles.update`."""
        return self.files.update(**changes)

    @property
    def history(self) -> pd.DataFrame:
        """One row per epoch; empty before the first epoch has ended.

        Raises:
            RunError: The file is missing or was changed.
            DataError: The file is damaged.
        """
        import pandas as pd

        path, remedy = self.history_file, self.files.remedy(self.history_file)
        if (content := self.files.read_if_written(path)) is None:
            return pd.DataFrame()
        frame = parse_csv(content, path, ("epoch",), remedy, numbers=True)
        if frame["epoch"].tolist() != list(range(1, len(frame) + 1)):
            raise DataError(f"{path} does not number its epochs 1, 2, 3 …; {remedy}")
        return frame

    def write_history(self, rows: list[dict[str, Any]]) -> None:
        """Write history.csv, one row per epoch."""
        import pandas as pd

        self.write(self.history_file, csv_text(pd.DataFrame(rows)))

    @property
    def ledger(self) -> Ledger:
        """Every look at a test split."""
        return Ledger(self.files)

    @property
    def own_looks(self) -> list[Look]:
        """The looks at the run's own test split, oldest first, without those at other data sets."""
        root = self.facts.get("root")
        return [look for look in self.ledger.looks if look.data in ("", root)]

    def metrics(self, name: str) -> dict[str, Any]:
        """Read the metrics.json of an evaluation; see `evaluation` for its name.

        Raises:
            RunError: There is no such evaluation, or its file was changed.
            DataError: The file is damaged.
        """
        path = self.evaluation(name) / "metrics.json"
        if not path.exists():
            images = f"--split {name}" if name in SPLITS else "DATA"
            raise RunError(
                f"{self.path} has no evaluation {name!r}; to make it, run chestnut evaluate {self.path} {images}"
            )
        from chestnut.runs.evaluation_file import EvaluationFile  # takes a tenth of a second

        values: dict[str, Any] = self._parse(path, self.read(path), EvaluationFile)
        return values

    def predictions(self, name: str, classes: Sequence[str]) -> PredictionTable:
        """Read the predictions.csv of an evaluation; see `evaluation` for its name.

        Args:
            name: The name of the evaluation.
            classes: The class names in the order of the network's outputs.

        Raises:
            RunError: The file is missing or was changed.
            DataError: The file is damaged.
        """
        from chestnut.runs.predictions import PredictionTable

        path = self.evaluation(name) / "predictions.csv"
        return PredictionTable.parse(self.read(path), path, classes, self.files.remedy(path))

    def _parse(self, path: Path, content: bytes, kind: Any) -> Any:
        return parse_json(content, path, kind, self.files.remedy(path))


def find_runs(folder: Path) -> list[RunFolder]:
    """Return the runs directly below a folder, oldest first."""
    finish_replacements(folder)
    found = [RunFolder(item.parent) for item in folder.glob("*/environment.json") if item.parent.name[0] != "."]
    return sorted(found, key=lambda run: run.environment_file.stat().st_mtime)
