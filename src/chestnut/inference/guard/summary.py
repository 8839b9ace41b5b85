"""`GuardSummary`: how a guard was fitted, and what it notices."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from chestnut.evaluation.intervals.estimate import Estimate


@dataclass(frozen=True)
class Rehearsed:
    """How often a guard noticed a change.

    Attributes:
        change: The change, in words.
        images: The number of images that were changed, each of another patient.
        flagged: The share of them that was flagged.
    """

    change: str
    images: int
    flagged: Estimate


@dataclass(frozen=True)
class GuardSummary:
    """How a guard was fitted, and what it notices.

    Attributes:
        false_alarms: The share of usual images that is flagged, as far as the patients allow.
        wanted: The share that was asked for.
        patients: The number of validation patients.
        images: The number of validation images.
        trained_on: The number of training images from which it learnt what is usual.
        rehearsal: How often it noticed each of some changes.
    """

    false_alarms: float
    wanted: float
    patients: int
    images: int
    trained_on: int
    rehearsal: tuple[Rehearsed, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the summary for JSON; the keys are the attributes."""
        rows = []
        for one in self.rehearsal:
            share = {"value": one.flagged.value, "low": one.flagged.low, "high": one.flagged.high}
            rows.append({"change": one.change, "images": one.images, "flagged": share})
        return {**asdict(self), "rehearsal": rows}

    def __str__(self) -> str:
        """Say how often the guard is wrong about usual images.

        >>> print(GuardSummary(0.05, 0.02, 19, 40, 200))
        flags 5 % of images like the 40 validation images; 2 % was wanted, and needs 49 validation patients
        """
        rate = f"flags {100 * self.false_alarms:.3g} % of images like the {self.images:,} validation images"
        if self.false_alarms <= self.wanted:
            return rate
        needed = math.ceil(1 / self.wanted - 1e-9) - 1
        return f"{rate}; {100 * self.wanted:.3g} % was wanted, and needs {needed:,} validation patients"
