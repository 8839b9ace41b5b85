"""The folder of an ensemble of seeds: that of a comparison with one variant, whose runs are joined to one more."""

from __future__ import annotations

from chestnut.runs.folder import RunFolder
from chestnut.studies.comparison.plan import ComparisonFolder


class SeedsFolder(ComparisonFolder):
    """The folder of an ensemble of seeds."""

    noun = "ensemble"
    command = "ensemble"

    @property
    def members(self) -> list[RunFolder]:
        """The folders of the runs to join, one for each seed."""
        plan = self.plan
        return [self.run(plan.variants[0].name, seed) for seed in plan.seeds]

    @property
    def joined(self) -> RunFolder:
        """The folder of the run that joins them."""
        return RunFolder(self.path / "ensemble")
