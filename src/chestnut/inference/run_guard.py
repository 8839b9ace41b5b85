"""Fit the guard of a run, and keep it in its bundle."""

from __future__ import annotations

import logging

from chestnut.errors import DataError
from chestnut.figures.guard import guard_figure
from chestnut.figures.saving import save_both
from chestnut.inference.bundle_guard import PART
from chestnut.inference.engine_choice import open_quickest
from chestnut.inference.engines.engine import Engine
from chestnut.inference.guard.policy import FALSE_ALARMS, LEAST_RATE, MOST_RATE
from chestnut.inference.guard.requirements import find_obstacle
from chestnut.inference.guard.summary import GuardSummary
from chestnut.inference.guard_fit import fit_guard
from chestnut.inference.run_bundle import change_run_bundle, read_run_bundle
from chestnut.limits import require_between
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder

_log = logging.getLogger(__name__)


def guard_run(run: RunFolder, rate: float = FALSE_ALARMS, bars: Bars = silent) -> GuardSummary:
    """Fit the guard of a run to its training and validation images, and write it into the bundle.

    Args:
        run: A trained run.
        rate: The share of usual images that may be flagged, from 0.001 to 0.2.
        bars: Shows the progress.

    Raises:
        DataError: The rate is out of range, there are too few images, or images cannot be read or have changed.
        BundleError: The bundle is missing or was changed.
    """
    require_between(LEAST_RATE, MOST_RATE, error=DataError, false_alarms=rate)
    bundle = read_run_bundle(run)
    run.manifest.require_images()
    if fault := find_obstacle(run.manifest.frame):
        raise DataError(f"{run.path} cannot have a guard: {fault}")
    return _fit(run, open_quickest(bundle), rate, bars)


def _fit(run: RunFolder, engine: Engine, rate: float, bars: Bars) -> GuardSummary:
    """Fit the guard, write it into the bundle, and draw what it notices."""
    reference, summary, changed = fit_guard(run.manifest, engine, rate, bars)
    change_run_bundle(run, parts={PART: reference.to_part()}, guard=summary)
    save_both(guard_figure(reference.usual, changed, reference.cutoff), run.figures / "guard.png")
    return summary


def add_guard(run: RunFolder, engine: Engine, bars: Bars = silent) -> None:
    """Fit the guard of a run that has none; where that is impossible, log why.

    Args:
        run: The run.
        engine: Its network.
        bars: Shows the progress.
    """
    if PART in read_run_bundle(run).parts:
        return
    if fault := find_obstacle(run.manifest.frame):
        _log.info("no guard: %s", fault)
        return
    try:
        _fit(run, engine, FALSE_ALARMS, bars)
    except DataError as error:  # a joined run may have lost its training images
        _log.warning("the guard was not fitted: %s", error)
