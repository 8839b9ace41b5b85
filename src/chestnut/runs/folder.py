"""The run folder: the only thing that commands hand to one another.

May be called by every room above the data; calls `config`, `files` and `errors`. It knows what stands where and what
may be read; what is in a bundle is `inference.bundle`'s to know.
"""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chestnut.config import Recipe
from chestnut.errors import DataError, RunError
from chestnut.files.atomic import disk_error, read_json, replacing, write_json, write_text

if TYPE_CHECKING:
    import pandas as pd

#: Raised when a run folder's layout changes so that older software would misread it.
RUN_VERSION = 1


@dataclass(frozen=True)
class RunFolder:
    """A run's files by name; nothing is read before it is asked for.

    Attributes:
        path: The folder.
    """

    path: Path

    @classmethod
    @contextmanager
    def create(cls, path: Path, recipe: Recipe, environment: dict[str, Any], facts: dict[str, Any]) -> Iterator[Self]:
        """Make a run folder; it appears at its place, whole, when the block ends well.

        Args:
            path: A folder that does not exist yet, or is empty.
            recipe: The resolved recipe.
            environment: Versions, device, command line; `format` and `status` are added.
            facts: `Manifest.facts()`.

        Yields:
            The run at a temporary place, for what else is known before training.

        Raises:
            RunError: Something stands at the path already.
            DiskError: The disk is full or may not be written.
        """
        with begun(path) as made:
            run = cls(made)
            write_text(run.recipe_file, recipe.to_toml())
            write_json(run.facts_file, facts)
            write_json(run.environment_file, {"format": RUN_VERSION, "status": "training", **environment})
            yield run

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """Open a run folder.

        Raises:
            RunError: No run stands there, or it was made by a newer chestnut.
        """
        run = cls(Path(path))
        if not run.path.is_dir():
            raise RunError(f"no run folder {path}; `chestnut runs` lists the runs there are")
        if not run.environment_file.is_file():
            raise RunError(f"{path} is not a run folder: it has no environment.json; give a folder that train made")
        made = run.environment.get("format")
        if not isinstance(made, int) or made > RUN_VERSION:
            raise RunError(
                f"{path} was made by a newer chestnut (format {made}, this one reads up to {RUN_VERSION}); "
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
    def environment(self) -> dict[str, Any]:
        """Versions, device, command line, status."""
        return self._object(self.environment_file)

    @property
    def kept_epoch(self) -> str:
        """Which epoch's weights were kept; see `kept_epoch`."""
        return kept_epoch(self.environment)

    def note(self, **facts: Any) -> None:
        """Add facts to environment.json."""
        write_json(self.environment_file, self.environment | facts)

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
    def ledger(self) -> list[dict[str, Any]]:
        """Every look at the test split, oldest first."""
        if not self.ledger_file.is_file():
            return []
        looks = read_json(self.ledger_file)
        if not isinstance(looks, list):
            raise DataError(f"{self.ledger_file} does not hold a list; restore it from a copy")
        return looks

    @property
    def own_looks(self) -> list[dict[str, Any]]:
        """The ledger without looks at the test splits of other data sets."""
        root = self.facts.get("root")
        return [look for look in self.ledger if look.get("data", root) == root]

    def enter_look(self, command: str, weights: str, images: int, data: str) -> int:
        """Enter one look at the test split into the ledger.

        Args:
            command: The command that looked.
            weights: SHA-256 of the weights it looked with.
            images: How many images it saw.
            data: The data set they are of.

        Returns:
            How many looks there have been, this one included.
        """
        looks = [*self.ledger, {"when": now(), "command": command, "weights": weights, "images": images, "data": data}]
        write_json(self.ledger_file, looks)
        return len(looks)

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


@contextmanager
def begun(path: Path) -> Iterator[Path]:
    """Give a hidden folder, which appears at its place, whole, when the block ends well.

    Raises:
        RunError: Something stands at the path already.
        DiskError: The disk is full or may not be written; nothing is left behind.
    """
    require_free(path)
    made: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
        yield made
        made.chmod(0o755)
        made.replace(path)
    except OSError as error:
        raise disk_error(error, path) or error from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def require_free(path: Path) -> None:
    """Refuse a place for a new run where something stands.

    Raises:
        RunError: The path exists and is not an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} exists already; choose another --name, or go on with a stopped run by --resume {path}")


def find_runs(folder: Path) -> list[RunFolder]:
    """The runs directly below a folder, oldest first."""
    found = [RunFolder(item.parent) for item in folder.glob("*/environment.json") if item.parent.name[0] != "."]
    return sorted(found, key=lambda run: run.environment_file.stat().st_mtime)


def kept_epoch(facts: Mapping[str, Any]) -> str:
    """Which epoch's weights were kept, of facts with `best_epoch` and `epochs`.

    >>> kept_epoch({"best_epoch": 4, "epochs": 9}), kept_epoch({"best_epoch": 0, "epochs": 9}), kept_epoch({})
    ('4 of 9', 'the start of 9', '–')
    """
    best, epochs = facts.get("best_epoch"), facts.get("epochs")
    if best is None or epochs is None:
        return "–"
    return f"{best or 'the start'} of {epochs}"


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
