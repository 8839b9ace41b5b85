"""Fit the guard of a run, which tells images that are unlike those that its network was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options

if TYPE_CHECKING:
    from chestnut.inference.guard.summary import GuardSummary
    from chestnut.runs.folder import RunFolder


def guard(run: RunFolder, false_alarms: float, **options: Unpack[DisplayOptions]) -> GuardSummary:
    """Fit the guard of a run; see `Run.guard`."""
    how = read_options(DisplaySettings, options)
    from chestnut.inference.run_guard import guard_run

    return guard_run(run, false_alarms, how.shown.bar)
