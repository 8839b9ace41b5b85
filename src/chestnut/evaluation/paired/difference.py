"""`Difference`: how far two figures of the same patients differ, with an interval and a p value."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.intervals.bisection import find_edge
from chestnut.evaluation.intervals.distributions import t_probability, t_quantile
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.paired.contributions import Contributions, Noise

# A contribution below this is rounding: one pair of images of 100,000 patients a class contributes more.
_ROUNDING = 1e-13

# The least p value that is looked for is 10 to the power of minus this.
_LEAST_P = 12.0


@dataclass(frozen=True)
class Difference:
    """The difference of two figures.

    Attributes:
        value: The difference; None where a figure is undefined.
        low: The lower end of the interval; None where there is none.
        high: The upper end of the interval.
        p: The two-sided probability of so large a difference if there were none, in 0..1; below 0.05 exactly where the
            95 % interval excludes 0. None without an interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None

    @property
    def estimate(self) -> Estimate:
        """The difference with its interval, without the p value."""
        return Estimate(self.value, self.low, self.high)

    def to_dict(self) -> dict[str, float | None]:
        """Return the attributes for JSON."""
        return asdict(self)


def difference_of(contributions: Contributions, confidence: float = CONFIDENCE) -> Difference:
    """Return the interval and the p value of a difference.

    The test compares the difference with the variance between patients, by Student's distribution: of AUROCs it is
    DeLong's test with clusters (Obuchowski 1997, Biometrics 53:567-578), of shares McNemar's (Obuchowski 1998,
    Statistics in Medicine 17:1495-1507).

    That variance is too small to tell how far the true difference may lie beyond the observed one, since few patients
    that differ say little about how many others would. So the ends of the interval add the variance of a few patients
    that would differ and were not in the sample, the less the more were. It has a width where two networks are right
    about the same images, too. Only the end next to 0 is the test's, where that excludes 0.

    Args:
        contributions: The difference as a sum over patients.
        confidence: The coverage, in 0..1.
    """
    value = contributions.value
    if not np.isfinite(value):
        return Difference(None)
    spread = Spread.of(contributions)
    if spread is None:
        return Difference(float(value))
    tested = spread.seen if spread.seen.variance else spread.whole
    near, far = tested.reach(confidence), max(spread.whole.reach(confidence), tested.reach(confidence))
    return Difference(
        value=float(value),
        low=float(value - near if value - near > 0 else value - far),
        high=float(value + near if value + near < 0 else value + far),
        p=tested.p(value),
    )


@dataclass(frozen=True)
class Variance:
    """A variance between patients, and what is added to it.

    Attributes:
        variance: The variance between patients.
        freedom: Its degrees of freedom.
        noise: Variances that have nothing to do with patients.
    """

    variance: float
    freedom: float
    noise: tuple[Noise, ...] = ()

    def reach(self, confidence: float) -> float:
        """Return the distance from a figure to the ends of its interval.

        The distances of the parts are added as squares, each with the quantile of its own degrees of freedom (Zou and
        Donner 2008, Statistics in Medicine 27:1693-1702): that of two or three seeds is large, and a common number of
        degrees would forget it where the seeds happen to agree.
        """
        parts = (Noise(self.variance, self.freedom), *self.noise)
        tail = (1 + confidence) / 2
        return math.sqrt(sum(float(t_quantile(tail, one.freedom)) ** 2 * one.variance for one in parts))

    def p(self, value: float) -> float:
        """Return the two-sided probability of a value as far from 0: 1 less the confidence that just reaches it."""
        if not any(one.variance for one in self.noise):
            if not self.variance:
                return 1.0 if value == 0 else 0.0
            return float(2 * t_probability(-abs(value) / math.sqrt(self.variance), self.freedom))
        _, logarithm = find_edge(lambda power: self.reach(1 - 10**power) > abs(value), -_LEAST_P, 0.0)
        return float(10**logarithm)


@dataclass(frozen=True)
class Spread:
    """How far a figure may be from its true value.

    Attributes:
        seen: The variance between the patients of the sample, and other noise.
        whole: That, and the variance of patients that are not in it.
    """

    seen: Variance
    whole: Variance

    @classmethod
    def of(cls, contributions: Contributions) -> Spread | None:
        """Return the spread; None where it cannot be known, as with one patient in a group.

        The contributions are divided by √(1 − share), since a patient pulls the figure towards itself (Bell and
        McCaffrey 2002, Survey Methodology 28:169-181). Degrees of freedom are Satterthwaite's.
        """
        shares = contributions.shares
        with np.errstate(divide="ignore", invalid="ignore"):
            parts: Floats = np.where(shares > 0, contributions.parts / np.sqrt(1 - shares), 0)
        parts[np.abs(parts) < _ROUNDING] = 0
        if not np.isfinite(parts).all() or not np.isfinite(shares).all():
            return None
        between = float((parts.sum(axis=0) ** 2).sum())
        squares, fourths = (parts**2).sum(axis=1), (parts**4).sum(axis=1)
        seen = np.divide(squares**2, fourths, out=np.zeros_like(squares), where=fourths > 0)
        usual = np.divide(squares, seen, out=np.zeros_like(squares), where=seen > 0)
        typical = (shares**2).sum(axis=1) ** 2 * contributions.unseen
        added = (typical + seen * usual) / (seen + 1)
        noise = contributions.noise
        return cls(
            Variance(between, _freedom(squares, contributions.freedom), noise),
            Variance(between + float(added.sum()), _freedom(squares + added, contributions.freedom), noise),
        )


def _freedom(squares: Floats, freedom: Floats) -> float:
    """Return the degrees of freedom of a sum of variances (Satterthwaite 1946, Biometrics Bulletin 2:110-114)."""
    below = float((squares**2 / freedom).sum())
    return float(squares.sum()) ** 2 / below if below else float(freedom.sum())
