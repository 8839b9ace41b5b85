"""`CrossFolder`: the files of a cross-validation by name.

Called by `crossval`, `report` and `cli`; calls `files`, `folder` and `crossplan`. Its runs are ordinary run folders
below it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from chestnut.data.manifest import Manifest
from chestnut.errors import RunError, listed
from chestnut.files import read_json, write_json
from chestnut.runs import RunFolder, begun
from chestnut.search.crossplan import CrossPlan, Part
from chestnut.search.folder import owned


@dataclass(frozen=True)
class CrossFolder:
    """A cross-validation's files by name.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def plan_file(self) -> Path:
        """What is cross-validated, and how."""
        return self.path / "crossplan.json"

    @property
    def manifest_file(self) -> Path:
        """Every image that takes part, without splits."""
        return self.path / "manifest.csv"

    @property
    def facts_file(self) -> Path:
        """What is known of the data beside the rows."""
        return self.path / "data.json"

    @property
    def result_file(self) -> Path:
        """Metrics of every fold and of all together."""
        return self.path / "crossval.json"

    @property
    def predictions_file(self) -> Path:
        """The out-of-fold prediction of every image."""
        return self.path / "predictions.csv"

    @property
    def figures(self) -> Path:
        """Pictures of the results and of training."""
        return self.path / "figures"

    @property
    def page_file(self) -> Path:
        """The page, one file that opens offline."""
        return self.path / "crossval.html"

    def images(self, part: Part) -> tuple[Path, Path]:
        """The manifest and the facts of a part's images."""
        return self.path / "folds" / f"{part.name}.csv", self.path / "folds" / f"{part.name}.json"

    def run(self, part: Part) -> RunFolder:
        """The run of a part."""
        return RunFolder(self.path / part.name)

    @property
    def plan(self) -> CrossPlan:
        """What is cross-validated.

        Raises:
            RunError: No cross-validation stands in the folder, or it is damaged.
        """
        if not self.plan_file.is_file():
            raise RunError(f"{self.path} is no cross-validation: it has no crossplan.json; give a folder of crossval's")
        return CrossPlan.from_dict(read_json(self.plan_file), str(self.plan_file))

    @property
    def facts(self) -> dict[str, Any]:
        """`Manifest.facts()` of the images."""
        found = read_json(self.facts_file)
        if not isinstance(found, dict):
            raise RunError(f"{self.facts_file} does not hold an object; restore it or cross-validate anew")
        return found

    @classmethod
    def begin(cls, path: Path, plan: CrossPlan, pooled: Manifest) -> Self:
        """Make the folder of a plan, whole; or open that of an equal one.

        Raises:
            RunError: Something else stands there, or the cross-validation of another plan.
            DiskError: The disk is full or may not be written.
        """
        folder = cls(path)
        if folder.plan_file.is_file():
            if differing := folder.plan.differences(plan):
                raise RunError(
                    f"{path} holds a cross-validation that differs in {listed(differing)}; choose another --name"
                )
            return folder
        with begun(path) as made:
            draft = cls(made)
            pooled.save(draft.manifest_file)
            write_json(draft.facts_file, pooled.facts())
            for part, images in plan.manifests(pooled):
                rows, facts = draft.images(part)
                images.save(rows)
                write_json(facts, images.facts())
            write_json(draft.plan_file, plan.to_dict())
        return folder

    def owned(self) -> AbstractContextManager[None]:
        """Keep other processes out meanwhile; see `folder.owned`."""
        return owned(self.path)
