"""`CrossFolder`: the files of a cross-validation by name.

Called by `crossval`, `report` and `cli`; derives from `planned`. Its runs are ordinary run folders below it.
"""

from __future__ import annotations

from pathlib import Path

from chestnut.data.manifest import Manifest
from chestnut.files import write_json
from chestnut.runs import RunFolder
from chestnut.search.crossplan import CrossPlan, Part
from chestnut.search.planned import PlannedFolder


class CrossFolder(PlannedFolder[CrossPlan]):
    """A cross-validation's files by name; its manifest has no splits."""

    plan_type = CrossPlan
    plan_name = "crossplan.json"
    page_name = "crossval.html"
    noun = "cross-validation"
    command = "crossval"

    @property
    def result_file(self) -> Path:
        """Metrics of every fold and of all together."""
        return self.path / "crossval.json"

    @property
    def predictions_file(self) -> Path:
        """The out-of-fold prediction of every image."""
        return self.path / "predictions.csv"

    def images(self, part: Part) -> tuple[Path, Path]:
        """The manifest and the facts of a part's images."""
        return self.path / "folds" / f"{part.name}.csv", self.path / "folds" / f"{part.name}.json"

    def run(self, part: Part) -> RunFolder:
        """The run of a part."""
        return RunFolder(self.path / part.name)

    def prepare(self, plan: CrossPlan, manifest: Manifest) -> None:
        """Write the images of every part."""
        for part, images in plan.manifests(manifest):
            rows, facts = self.images(part)
            images.save(rows)
            write_json(facts, images.facts())
