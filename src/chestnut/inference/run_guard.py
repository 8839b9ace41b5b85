"""The guard of a run: fit it, keep it in the bundle, and judge images by it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.cache.cache import Decoded
from chestnut.errors import BundleError, DataError
from chestnut.figures.guard import guard_figure
from chestnut.figures.saving import save
from chestnut.inference.bundle import Bundle, PartName
from chestnut.inference.guard.decoded import seen_blocks
from chestnut.inference.guard.looks import Seen
from chestnut.inference.guard.policy import FALSE_ALARMS, LEAST_RATE, MOST_RATE
from chestnut.inference.guard.reference import GuardReference
from chestnut.inference.guard.requirements import find_obstacle
from chestnut.inference.guard.summary import GuardSummary
from chestnut.inference.guard.verdict import Verdicts, verdicts
from chestnut.inference.guard_fit import fit_guard
from chestnut.inference.keras_engine import KerasEngine
from chestnut.inference.run_bundle import change_run_bundle, read_run_bundle
from chestnut.limits import require_between
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder

_log = logging.getLogger(__name__)

#: The part of a bundle that contains the guard's reference.
PART: PartName = "guard.npz"


class Guard(NamedTuple):
    """A guard that is ready to judge images.

    Attributes:
        reference: What is usual.
        spec: The input of the network.
    """

    reference: GuardReference
    spec: InputSpec

    @classmethod
    def open(cls, bundle: Bundle) -> Guard | None:
        """Read the guard of a bundle; None if it has none.

        Raises:
            BundleError: The guard is damaged.
        """
        content = bundle.read_part(PART)
        if content is None:
            return None
        return cls(GuardReference.from_part(content, bundle.folder / PART), bundle.spec)

    def judge(self, images: Sequence[Seen], features: npt.NDArray[np.float32], threads: int | None = None) -> Verdicts:
        """Judge images; see `verdicts`.

        Raises:
            BundleError: The guard was fitted to another network.
        """
        known = len(self.reference.cloud.origin)
        if features.shape[1] != known:
            raise BundleError(
                f"the guard knows {known:,} features, and the network has {features.shape[1]:,}: it belongs to another "
                "network; fit it anew with chestnut guard RUN"
            )
        return verdicts(self.reference, images, features, self.spec, threads)

    def judge_decoded(self, decoded: Decoded, features: npt.NDArray[np.float32], bars: Bars = silent) -> Verdicts:
        """Judge decoded images of a data set.

        Args:
            decoded: The images, as the network sees them.
            features: Their features, shape (n, features).
            bars: Shows the progress.
        """
        parts, done = [], 0
        for block in seen_blocks(decoded, self.spec, bars):
            parts.append(self.judge(block, features[done : done + len(block)]))
            done += len(block)
        return Verdicts.joined(parts)


def require_guard(bundle: Bundle, on_outlier: str) -> None:
    """Check that a bundle has a guard if images are to be refused.

    Args:
        bundle: The bundle.
        on_outlier: `warn`, `refuse` or `ignore`.

    Raises:
        DataError: They are to be refused, and there is no guard.
    """
    if on_outlier == "refuse" and PART not in bundle.parts:
        run = bundle.folder.parent
        raise DataError(f"on_outlier=refuse: {run} has no guard; add one with chestnut guard {run}")


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
    if fault := find_obstacle(run.manifest.frame):
        raise DataError(f"{run.path} cannot have a guard: {fault}")
    return _fit(run, KerasEngine.open(bundle), rate, bars)


def _fit(run: RunFolder, engine: KerasEngine, rate: float, bars: Bars) -> GuardSummary:
    """Fit the guard, write it into the bundle, and draw what it notices."""
    reference, summary, changed = fit_guard(run.manifest, engine, rate, bars)
    change_run_bundle(run, parts={PART: reference.to_part()}, guard=summary)
    save(guard_figure(reference.usual, changed, reference.cutoff), run.figures / "guard.png")
    return summary


def add_guard(run: RunFolder, engine: KerasEngine, bars: Bars = silent) -> None:
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
