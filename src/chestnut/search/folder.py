"""`ComparisonFolder`: the files of a comparison by name, and who may write them.

Called by `compare`, `leaderboard`, `report` and `cli`; calls `files`, `plan` and `runs`. Its runs are ordinary run
folders below it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from chestnut.data.manifest import Manifest
from chestnut.errors import RunError, listed
from chestnut.files import alone, read_json, write_json
from chestnut.runs import RunFolder, begun
from chestnut.search.plan import Plan


@dataclass(frozen=True)
class ComparisonFolder:
    """A comparison's files by name.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def plan_file(self) -> Path:
        """What is compared, and on what terms."""
        return self.path / "plan.json"

    @property
    def manifest_file(self) -> Path:
        """Every image used, with its split."""
        return self.path / "manifest.csv"

    @property
    def facts_file(self) -> Path:
        """What is known of the data beside the rows."""
        return self.path / "data.json"

    @property
    def leaderboard_file(self) -> Path:
        """The leaderboard with its tests."""
        return self.path / "leaderboard.json"

    @property
    def table_file(self) -> Path:
        """The leaderboard, a row a variant."""
        return self.path / "leaderboard.csv"

    @property
    def figures(self) -> Path:
        """Pictures of the leaderboard and of training."""
        return self.path / "figures"

    @property
    def page_file(self) -> Path:
        """The page, one file that opens offline."""
        return self.path / "comparison.html"

    def run(self, variant: str, seed: int) -> RunFolder:
        """The run of a variant with a seed."""
        return RunFolder(self.path / f"{variant}-s{seed}")

    @property
    def plan(self) -> Plan:
        """What is compared.

        Raises:
            RunError: No comparison stands in the folder, or it is damaged.
        """
        if not self.plan_file.is_file():
            raise RunError(f"{self.path} is no comparison: it has no plan.json; give a folder that compare made")
        return Plan.from_dict(read_json(self.plan_file), str(self.plan_file))

    @property
    def facts(self) -> dict[str, Any]:
        """`Manifest.facts()` of the images."""
        found = read_json(self.facts_file)
        if not isinstance(found, dict):
            raise RunError(f"{self.facts_file} does not hold an object; restore it from a copy or compare anew")
        return found

    @property
    def manifest(self) -> Manifest:
        """The images with their splits."""
        return Manifest.read(self.manifest_file, self.facts)

    @classmethod
    def begin(cls, path: Path, plan: Plan, manifest: Manifest) -> Self:
        """Make the folder of a plan, whole; or open that of an equal one.

        Raises:
            RunError: Something else stands there, or the comparison of another plan.
            DiskError: The disk is full or may not be written.
        """
        folder = cls(path)
        if folder.plan_file.is_file():
            if differing := folder.plan.differences(plan):
                raise RunError(
                    f"{path} holds a comparison that differs in {listed(differing)}; choose another --name, "
                    f"or go on with the one that stands there by --resume {path}"
                )
            return folder
        with begun(path) as made:
            draft = cls(made)
            manifest.save(draft.manifest_file)
            write_json(draft.facts_file, manifest.facts())
            write_json(draft.plan_file, plan.to_dict())
        return folder

    def owned(self) -> AbstractContextManager[None]:
        """Keep other processes out meanwhile; see `owned`."""
        return owned(self.path)


@contextmanager
def owned(path: Path) -> Iterator[None]:
    """Keep other processes from working in a folder meanwhile, and clear what a killed one left half-made.

    Raises:
        RunError: Another process works in it.
    """
    with alone(path / ".lock", f"{path} is in use by another process; wait for it or end it"):
        for item in path.glob(".*-*/"):
            shutil.rmtree(item, ignore_errors=True)
        yield
