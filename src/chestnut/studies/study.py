"""The plan and the folder of a study: a list of runs that can be resumed after a stop.

A plan describes the work and is kept in a folder. An equal plan for equal images resumes in the same folder.
Comparisons, cross-validations and searches derive their plans and folders from these.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from chestnut.config import Recipe
from chestnut.data.facts import ManifestFacts
from chestnut.data.manifest import Manifest
from chestnut.errors import ChestnutError, RunError, listed
from chestnut.files.csv_files import parse_csv
from chestnut.files.folders import finish_replacements, new_folder
from chestnut.files.hashes import sha256
from chestnut.files.json_files import first_fault, parse_json, read_json, write_json
from chestnut.files.locks import locked
from chestnut.files.reading import is_present, read_content
from chestnut.files.temporary import sweep
from chestnut.jobs.job import Job
from chestnut.runs.folder import RunFolder
from chestnut.runs.places import require_free

if TYPE_CHECKING:
    import pandas as pd

    from chestnut.jobs.run_all import JobOptions

#: What to do about a damaged file of a study.
RESTART = "restore it from a copy, or start again in another folder"

#: The version of the format of plan files.
_FORMAT = 1


class PlanFile(BaseModel):
    """What every file of a plan must contain.

    Attributes:
        format: The version of the format.
        images: The SHA-256 of the images' rows.
        threads: The number of threads of one operation of a run.
        hashes: The SHA-256 of each file that the study was begun with, by its path in the folder; early versions did
            not write it.
    """

    model_config = ConfigDict(strict=True)

    format: int
    images: str
    threads: int
    hashes: dict[str, str] = {}


class StudyPlan(ABC):
    """The plan of a study.

    Attributes:
        file_type: What the file of the plan must contain.
        threads: The number of threads of one operation of a run, which decides its last bits.
        labels: The name of each part of the plan in messages, by key of `identity`.
    """

    file_type: ClassVar[type[PlanFile]]
    threads: int
    labels: ClassVar[Mapping[str, str]]

    @property
    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """The values that distinguish this plan from others, as JSON values."""

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits of the identity, for the name of a folder."""
        return hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()[:8]

    def differences(self, other: Self) -> list[str]:
        """Return the names of the parts in which another plan differs."""
        mine, theirs = self.identity, other.identity
        return [label for key, label in self.labels.items() if mine.get(key) != theirs.get(key)]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return {"format": _FORMAT, **self.fields()}

    @classmethod
    def from_dict(cls, values: dict[str, Any], origin: str) -> Self:
        """Build a plan from what `to_dict` returned.

        Raises:
            RunError: The plan was made by a newer chestnut, or is damaged.
            RecipeError: A recipe in it is damaged.
        """
        version = values.get("format")
        if isinstance(version, int) and version > _FORMAT:
            raise RunError(f"{origin} was made by a newer chestnut; upgrade with pip install --upgrade chestnut")
        try:
            cls.file_type.model_validate(values)
        except ValidationError as error:
            raise RunError(f"{origin} is damaged: {first_fault(error)}; {RESTART}") from error
        return cls.from_fields(values, origin)

    @abstractmethod
    def fields(self) -> dict[str, Any]:
        """Return what `to_dict` contains besides the format."""

    @classmethod
    @abstractmethod
    def from_fields(cls, values: dict[str, Any], origin: str) -> Self:
        """Build a plan from what `fields` returned."""


_Plan = TypeVar("_Plan", bound=StudyPlan)


@dataclass(frozen=True)
class StudyFolder(ABC, Generic[_Plan]):
    """The folder of a study, and its files by name.

    Attributes:
        path: The folder.
        plan_type: The type of its plan.
        plan_name: The name of the file of its plan.
        result_type: The type of its result, which is a dataclass.
        result_name: The name of the file of its result.
        page_name: The name of its page.
        noun: The kind of study, such as "comparison".
        command: The command that makes it.
    """

    path: Path

    plan_type: ClassVar[type[StudyPlan]]
    plan_name: ClassVar[str]
    result_type: ClassVar[type]
    result_name: ClassVar[str]
    page_name: ClassVar[str]
    noun: ClassVar[str]
    command: ClassVar[str]

    @property
    def plan_file(self) -> Path:
        """The file of the plan."""
        return self.path / self.plan_name

    @property
    def manifest_file(self) -> Path:
        """The file with every image that is used."""
        return self.path / "manifest.csv"

    @property
    def facts_file(self) -> Path:
        """The file with facts about the data other than the rows."""
        return self.path / "data.json"

    @property
    def figures(self) -> Path:
        """The folder for pictures of the results and of training."""
        return self.path / "figures"

    @property
    def result_file(self) -> Path:
        """The file of the result, which is written last."""
        return self.path / self.result_name

    @property
    def page_file(self) -> Path:
        """The page, one file that opens offline."""
        return self.path / self.page_name

    @property
    def plan(self) -> _Plan:
        """The plan of the study.

        Raises:
            RunError: The folder contains something else, or is damaged.
        """
        self._require_plan()
        values = read_json(self.plan_file, dict[str, Any], RESTART)
        plan: Any = self.plan_type.from_dict(values, str(self.plan_file))
        return plan  # type: ignore[no-any-return]

    def _require_plan(self) -> None:
        if not is_present(self.plan_file):
            raise RunError(
                f"{self.path} is no {self.noun}: it has no {self.plan_name}; "
                f"give a folder that chestnut {self.command} made"
            )

    def save_plan(self, plan: _Plan) -> None:
        """Write a plan that differs in what does not belong to its identity."""
        write_json(self.plan_file, plan.to_dict() | {"hashes": self._hashes})

    def read(self, path: Path) -> bytes:
        """Return the content of a file that the study was begun with, as chestnut wrote it.

        Raises:
            RunError: The file was changed.
            DataError: The file is missing, a folder or not readable.
        """
        content = read_content(path, RESTART)
        known = self._hashes.get(path.relative_to(self.path).as_posix())
        if known is not None and hashlib.sha256(content).hexdigest() != known:
            raise RunError(
                f"{path} was changed after chestnut wrote it (its hash differs from that in {self.plan_name}); "
                f"{RESTART}"
            )
        return content

    def check_files(self) -> None:
        """Check that all files that the study was begun with are as chestnut wrote them; raises what `read` raises."""
        for name in self._hashes:
            self.read(self.path / name)

    @property
    def _hashes(self) -> dict[str, str]:
        hashes: dict[str, str] = read_json(self.plan_file, PlanFile, RESTART).get("hashes", {})
        return hashes

    @property
    def facts(self) -> dict[str, Any]:
        """`Manifest.facts()` of the images; raises what `read` raises."""
        facts: dict[str, Any] = parse_json(self.read(self.facts_file), self.facts_file, ManifestFacts, RESTART)
        return facts

    @property
    def manifest(self) -> Manifest:
        """The images; raises what `read` raises."""
        return Manifest.parse(self.read(self.manifest_file), self.manifest_file, self.facts, RESTART)

    @property
    def rows(self) -> pd.DataFrame:
        """The rows of manifest.csv with every cell as text; raises what `read` raises."""
        path = self.manifest_file
        return parse_csv(self.read(path), path, ("path", "label", "patient", "split"), RESTART)

    @property
    def result(self) -> dict[str, Any]:
        """The result as JSON values.

        Raises:
            DataError: The file is missing or damaged.
        """
        remedy = f"make it again by chestnut {self.command} --resume {self.path}"
        values: dict[str, Any] = read_json(self.result_file, self.result_type, remedy)
        return values

    @classmethod
    def begin(cls, path: Path, plan: _Plan, manifest: Manifest) -> Self:
        """Make the folder of a plan, complete, or open the folder of an equal plan.

        Raises:
            RunError: The folder contains something else, or another plan.
            DiskError: The disk is full or not writable.
        """
        folder = cls(path)
        if not folder.plan_file.is_file():
            require_free(path)
            try:
                with new_folder(path, last=cls.plan_name) as temporary:
                    draft = cls(temporary)
                    manifest.save(draft.manifest_file)
                    write_json(draft.facts_file, manifest.facts())
                    draft.write_more(plan, manifest)
                    hashes = {name: sha256(temporary / name) for name in _list_files(temporary)}
                    write_json(draft.plan_file, plan.to_dict() | {"hashes": hashes})
                return folder
            except ChestnutError:
                if not folder.plan_file.is_file():  # else another process has just made the same folder
                    raise
        if differing := folder.plan.differences(plan):
            article = "an" if cls.noun[0] in "aeiou" else "a"
            raise RunError(
                f"{path} contains {article} {cls.noun} that differs in {listed(differing)}; choose another folder, "
                f"or continue the one in it with chestnut {cls.command} --resume {path}"
            )
        return folder

    def write_more(self, plan: _Plan, manifest: Manifest) -> None:
        """Write the other files that a new folder of this kind contains."""

    def make_job(self, run: RunFolder, recipe: Recipe, plan: _Plan, options: JobOptions) -> Job:
        """Return the job that trains a recipe on all images of the study.

        Args:
            run: The run's folder, inside this one.
            recipe: The recipe of the run.
            plan: The plan of the study.
            options: How jobs are run.
        """
        return Job(
            name=run.name,
            folder=run.path,
            recipe=recipe.to_toml(),
            manifest=self.manifest_file,
            facts=self.facts_file,
            threads=plan.threads,
            command=options.command,
            track=options.track,
        )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes out of the folder during the block, and remove what a killed one left unfinished.

        Raises:
            RunError: Another process uses the folder, or it is no such study and stays as it is.
        """
        self._require_plan()
        busy = f"{self.path} is in use by another process; wait for it or end it"
        with locked(self.path / ".lock", wait=0, busy=busy):
            finish_replacements(self.path)
            sweep(self.path)
            yield


def _list_files(folder: Path) -> list[str]:
    """Return the paths of all files in a folder, relative to it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
