"""`Planned` and `PlannedFolder`: what all lists of runs that go on after a stop have in common.

A plan says what is to be done and is kept in a folder; an equal plan on equal images goes on in the same folder.
Comparisons, cross-validations and searches derive from both; their modules name what is theirs.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from chestnut.data.manifest import Manifest
from chestnut.errors import RunError, listed
from chestnut.files.folders import finish_replacements, new_folder
from chestnut.files.json_files import read_json, write_json
from chestnut.files.locks import locked
from chestnut.runs.places import require_free

#: Of the files that plans are kept in.
_FORMAT = 1


class Planned(ABC):
    """What is to be done, before the first run.

    Attributes:
        words: What differs between two plans, in words, by key of `identity`.
    """

    words: ClassVar[Mapping[str, str]]

    @property
    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """What makes it this plan and no other; JSON-ready."""

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits of the identity, for a folder's name."""
        return hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()[:8]

    def differences(self, other: Self) -> list[str]:
        """What another plan does otherwise, in words."""
        mine, theirs = self.identity, other.identity
        return [words for key, words in self.words.items() if mine[key] != theirs[key]]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"format": _FORMAT, **self.fields()}

    @classmethod
    def from_dict(cls, held: dict[str, Any], origin: str) -> Self:
        """The inverse of `to_dict`.

        Raises:
            RunError: Made by a newer chestnut, or damaged.
        """
        try:
            if held["format"] > _FORMAT:
                raise RunError(f"{origin} was made by a newer chestnut; upgrade with pip install --upgrade chestnut")
            return cls.from_fields(held, origin)
        except (KeyError, TypeError) as error:
            raise RunError(f"{origin} is damaged ({error!r}); restore it from a copy or begin anew") from error

    @abstractmethod
    def fields(self) -> dict[str, Any]:
        """What `to_dict` holds beside the format."""

    @classmethod
    @abstractmethod
    def from_fields(cls, held: dict[str, Any], origin: str) -> Self:
        """The inverse of `fields`; raises KeyError or TypeError where something is missing."""


_Plan = TypeVar("_Plan", bound=Planned)


@dataclass(frozen=True)
class PlannedFolder(ABC, Generic[_Plan]):
    """The files that stand in the folder of every plan, by name.

    Attributes:
        path: The folder.
        plan_type: Of its plan.
        plan_name: Name of the file that holds the plan.
        page_name: Name of its page.
        noun: What stands in it.
        command: What makes it.
    """

    path: Path

    plan_type: ClassVar[type[Planned]]
    plan_name: ClassVar[str]
    page_name: ClassVar[str]
    noun: ClassVar[str]
    command: ClassVar[str]

    @property
    def plan_file(self) -> Path:
        """What is to be done, and on what terms."""
        return self.path / self.plan_name

    @property
    def manifest_file(self) -> Path:
        """Every image used."""
        return self.path / "manifest.csv"

    @property
    def facts_file(self) -> Path:
        """What is known of the data beside the rows."""
        return self.path / "data.json"

    @property
    def figures(self) -> Path:
        """Pictures of the results and of training."""
        return self.path / "figures"

    @property
    def page_file(self) -> Path:
        """The page, one file that opens offline."""
        return self.path / self.page_name

    @property
    def plan(self) -> _Plan:
        """What is to be done.

        Raises:
            RunError: Something else stands in the folder, or it is damaged.
        """
        if not self.plan_file.is_file():
            raise RunError(
                f"{self.path} is no {self.noun}: it has no {self.plan_name}; "
                f"give a folder that chestnut {self.command} made"
            )
        plan: Any = self.plan_type.from_dict(read_json(self.plan_file), str(self.plan_file))
        return plan  # type: ignore[no-any-return]

    @property
    def facts(self) -> dict[str, Any]:
        """`Manifest.facts()` of the images."""
        found = read_json(self.facts_file)
        if not isinstance(found, dict):
            raise RunError(f"{self.facts_file} does not hold an object; restore it from a copy or begin anew")
        return found

    @property
    def manifest(self) -> Manifest:
        """The images."""
        return Manifest.read(self.manifest_file, self.facts)

    @classmethod
    def begin(cls, path: Path, plan: _Plan, manifest: Manifest) -> Self:
        """Make the folder of a plan, whole; or open that of an equal one.

        Raises:
            RunError: Something else stands there, or the folder of another plan.
            DiskError: The disk is full or may not be written.
        """
        folder = cls(path)
        if folder.plan_file.is_file():
            if differing := folder.plan.differences(plan):
                raise RunError(
                    f"{path} holds a {cls.noun} that differs in {listed(differing)}; choose another folder, "
                    f"or continue the one in it by chestnut {cls.command} --resume {path}"
                )
            return folder
        require_free(path)
        with new_folder(path, last=cls.plan_name) as made:
            draft = cls(made)
            manifest.save(draft.manifest_file)
            write_json(draft.facts_file, manifest.facts())
            draft.prepare(plan, manifest)
            write_json(draft.plan_file, plan.to_dict())
        return folder

    def prepare(self, plan: _Plan, manifest: Manifest) -> None:
        """Write what else a folder of this kind holds from the start."""

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Keep other processes from working in the folder meanwhile, and clear what a killed one left half-made.

        Raises:
            RunError: Another process works in it.
        """
        busy = f"{self.path} is in use by another process; wait for it or end it"
        with locked(self.path / ".lock", wait=0, busy=busy):
            finish_replacements(self.path)
            for item in self.path.glob(".*-*/"):
                shutil.rmtree(item, ignore_errors=True)
            yield
