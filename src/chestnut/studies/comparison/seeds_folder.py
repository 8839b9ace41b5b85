"""The folder of an ensemble of seeds: that of a comparison with one variant, whose runs are joined to one more."""

from __future__ import annotations

from chestnut.errors import RunError
from chestnut.runs.folder import RunFolder
from chestnut.studies.comparison.plan import ComparisonFolder, ComparisonPlan


class SeedsFolder(ComparisonFolder):
    """The folder of an ensemble of seeds."""

    noun = "ensemble"
    command = "ensemble"

    @property
    def plan(self) -> ComparisonPlan:
        """The plan, which has one variant.

        Raises:
            RunError: The folder contains something else, such as a comparison of several variants, or is damaged.
        """
        plan = super().plan
        if plan.control is not None or len(plan.variants) != 1:
            kind, command = ("comparison", "compare") if plan.control is None else ("control experiment", "control")
            raise RunError(
                f"{self.path} contains a {kind}, no ensemble; choose another folder, or continue what is in it with "
                f"chestnut {command} --resume {self.path}"
            )
        return plan

    @property
    def members(self) -> list[RunFolder]:
        """The folders of the runs to join, one for each seed."""
        plan = self.plan
        return [self.run(plan.variants[0].name, seed) for seed in plan.seeds]

    @property
    def joined(self) -> RunFolder:
        """The folder of the run that joins them."""
        return RunFolder(self.path / "ensemble")
