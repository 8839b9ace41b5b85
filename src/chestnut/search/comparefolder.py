"""`ComparisonFolder`: the files of a comparison by name.

Called by `compare`, `leaderboard`, `report` and `cli`; derives from `planned`. Its runs are ordinary run folders below
it.
"""

from __future__ import annotations

from pathlib import Path

from chestnut.runs import RunFolder
from chestnut.search.plan import Plan
from chestnut.search.planned import PlannedFolder


class ComparisonFolder(PlannedFolder[Plan]):
    """A comparison's files by name."""

    plan_type = Plan
    plan_name = "plan.json"
    page_name = "comparison.html"
    noun = "comparison"
    command = "compare"

    @property
    def leaderboard_file(self) -> Path:
        """The leaderboard with its tests."""
        return self.path / "leaderboard.json"

    @property
    def table_file(self) -> Path:
        """The leaderboard, a row a variant."""
        return self.path / "leaderboard.csv"

    def run(self, variant: str, seed: int) -> RunFolder:
        """The run of a variant with a seed."""
        return RunFolder(self.path / f"{variant}-s{seed}")
