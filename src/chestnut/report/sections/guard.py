"""Read the guard of a run for its report."""

from __future__ import annotations

from dataclasses import dataclass

from chestnut.inference.guard.requirements import find_obstacle
from chestnut.inference.guard.summary import GuardSummary
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.report.render import Picture, list_figures, picture
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class GuardSection:
    """The guard of a run.

    Attributes:
        summary: How it was fitted, and what it notices; None if there is none.
        obstacle: Why there cannot be one; empty if there can.
        drawing: The figure; None where it is missing.
    """

    summary: GuardSummary | None
    obstacle: str
    drawing: Picture | None

    @property
    def spoken(self) -> str:
        """What the figure shows, in words."""
        return "" if self.summary is None else list_figures((one.change, one.flagged) for one in self.summary.rehearsal)


def read_guard_section(run: RunFolder) -> GuardSection | None:
    """Read the guard of a run; None where it has no bundle.

    Raises:
        BundleError: bundle.json was changed or is damaged.
    """
    bundle = find_run_bundle(run)
    if bundle is None:
        return None
    if bundle.guard is None:
        rows = run.rows
        return GuardSection(None, "" if rows is None else find_obstacle(rows), None)
    return GuardSection(bundle.guard, "", picture(run.figures / "guard.png"))
