"""Intervals: a bootstrap that draws patients, the percentiles of its resamples, and Wilson's interval for a share.

A resample is stored as how often each patient was drawn, never as repeated rows, so that a statistic of many resamples
takes a few operations on one array.

Patients are drawn with replacement and bring all their images, because images of one patient are not independent:
Rutter 2000, Academic Radiology 7(6):413-419; Field and Welsh 2007, JRSS B 69(3):369-390. Only patients are drawn, not
images within them (Bouwmeester 2013, Am J Epidemiol 177(11):1209-1217). The draw is not stratified by class: a patient
may have images of several classes, and how many patients of a class are drawn is chance too, on which accuracy and
precision depend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: The share of resamples that an interval spans.
CONFIDENCE = 0.95

#: With fewer patients than this, intervals tend to be too narrow: "few" clusters are five to thirty (Cameron, Gelbach
#: and Miller 2008, Review of Economics and Statistics 90(3):414-427).
FEW_PATIENTS = 30

# The numbers in one block of image weights: 1 MB of float64 stays in a core's cache.
_BLOCK = 2**17
_LEAST_COLUMNS = 16

# The share of hits may be a quotient that was multiplied again.
_ROUNDING = 1e-9


def format_figure(value: float, digits: int = 3) -> str:
    """Return a figure with so many decimals, a true minus sign, and no minus zero.

    >>> format_figure(-0.12345), format_figure(-0.0001)
    ('−0.123', '0.000')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        value: The figure of the sample itself; None where it is undefined or infinite.
        low: The lower end of the interval; None where there is no interval.
        high: The upper end of the interval; None where there is no interval.
        undefined: The number of resamples in which the figure was undefined; the interval is from the others.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    undefined: int = 0

    def __str__(self) -> str:
        """Return the figure and its interval to three decimals.

        >>> str(Estimate(0.9434, 0.921, 0.9618)), str(Estimate(0.5)), str(Estimate(None))
        ('0.943 (0.921–0.962)', '0.500', 'undefined')
        """
        if self.value is None:
            return "undefined"
        if self.low is None or self.high is None:
            return format_figure(self.value)
        between = " to " if self.low < 0 else "–"  # "to" keeps a negative end readable
        return f"{format_figure(self.value)} ({format_figure(self.low)}{between}{format_figure(self.high)})"

    def to_dict(self) -> dict[str, float | int | None]:
        """Return `value`, `low`, `high` and `undefined` for JSON; None where there is no figure."""
        return asdict(self)


def number_patients(patients: npt.ArrayLike) -> tuple[Ints, int]:
    """Number patients in the order of their identities, so that the order of rows does not matter.

    Args:
        patients: Identities, shape (n,).

    Returns:
        Each image's patient as a number from 0, shape (n,), and the number of patients.
    """
    names, numbers = np.unique(np.asarray(patients).astype(str), return_inverse=True)
    return numbers.astype(np.int64), len(names)


def resamples(patients: int, images: int, draws: int, seed: int) -> Iterator[Floats]:
    """Draw patients with replacement, as many as there are.

    Args:
        patients: The number of patients.
        images: The number of images, which sets how many resamples make a block.
        draws: The number of resamples.
        seed: Equal seeds give equal resamples.

    Yields:
        How often each patient was drawn, shape (patients, resamples of the block).
    """
    generator = np.random.default_rng(seed)
    columns = max(_LEAST_COLUMNS, _BLOCK // images)
    for start in range(0, draws, columns):
        width = min(columns, draws - start)
        drawn = generator.integers(0, patients, size=(width, patients))
        cells = drawn * width + np.arange(width)[:, None]
        yield np.bincount(cells.ravel(), minlength=patients * width).reshape(patients, width).astype(np.float64)


def bootstrap(statistic: Callable[[Floats], Floats], patients: int, images: int, draws: int, seed: int) -> Floats:
    """Return the statistic of every resample.

    Args:
        statistic: Takes how often each patient counts, shape (patients, b), and gives m figures, shape (m, b).
        patients: The number of patients.
        images: The number of images.
        draws: The number of resamples, at least 1.
        seed: Equal seeds give equal resamples.

    Returns:
        Shape (m, draws); NaN where a figure is undefined.

    Raises:
        DataError: `draws` is below 1.
    """
    if draws < 1:
        raise DataError(f"resamples={draws}: give 1 or more; about 2000 make an interval steady")
    return np.concatenate([statistic(block) for block in resamples(patients, images, draws, seed)], axis=1)


def percentile_ends(samples: Floats, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """Return the ends of the percentile interval over the resamples in which a figure is defined.

    Percentiles stay within a figure's range and need no acceleration, which a perfect score leaves undefined (Efron and
    Tibshirani 1993, An Introduction to the Bootstrap, chapter 13).

    Args:
        samples: The figures of all resamples, shape (m, draws); NaN where undefined.
        confidence: The share of resamples to span, in 0..1.

    Returns:
        The lower and the upper ends, each of shape (m,); NaN where a figure is defined in no resample, infinite or
        NaN where too many resamples are infinite.
    """
    ends = np.full((2, len(samples)), np.nan)
    some = ~np.isnan(samples).all(axis=1)
    if some.any():
        tail = (1 - confidence) / 2
        with np.errstate(invalid="ignore"):  # between two infinite resamples
            ends[:, some] = np.nanquantile(samples[some], [tail, 1 - tail], axis=1)
    return ends[0], ends[1]


def estimate_of(value: float, samples: Floats) -> Estimate:
    """Return a figure with its percentile interval.

    Args:
        value: The figure of the sample itself; NaN or infinite where it has no value, and then it has no interval.
        samples: The figures of all resamples, shape (draws,); NaN where undefined.

    Returns:
        An estimate without an interval where an end of it would be infinite, as where one resample in forty is.
    """
    missing = int(np.isnan(samples).sum())
    if not np.isfinite(value):
        return Estimate(None, undefined=missing)
    low, high = (float(ends[0]) for ends in percentile_ends(samples[None]))
    if not np.isfinite([low, high]).all():
        return Estimate(float(value), undefined=missing)
    return Estimate(float(value), low, high, missing)


def sum_by_patient(values: npt.ArrayLike, owners: Ints, groups: npt.ArrayLike = 0, number: int = 1) -> Floats:
    """Sum values over each patient's images.

    Args:
        values: The value of each image, shape (n,), or one for all.
        owners: Each image's patient number, shape (n,).
        groups: The group of each image, from 0 to `number` - 1, shape (n,) or one for all; groups are summed apart.
        number: The number of groups.

    Returns:
        Shape (number, patients).
    """
    patients = int(owners.max()) + 1
    cells = np.asarray(groups) * patients + owners
    weights = np.broadcast_to(np.asarray(values, dtype=np.float64), owners.shape)
    sums = np.bincount(cells, weights, number * patients).astype(np.float64)
    return sums.reshape(number, patients)


def wilson(hits: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """Return Wilson's score interval for a share of independent trials (Wilson 1927, JASA 22:209-212).

    Args:
        hits: The number of hits, which need not be whole.
        trials: The number of trials, above 0.
        confidence: The coverage, in 0..1.

    Returns:
        The lower and the upper ends, in 0..1.

    Raises:
        DataError: There are no trials, or not from 0 to as many hits.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    n, found = np.asarray(trials, dtype=np.float64), np.asarray(hits, dtype=np.float64)
    if not ((n > 0) & np.isfinite(n) & (found >= 0) & (found <= n * (1 + _ROUNDING))).all():
        raise DataError(f"{hits!r} hits of {trials!r} trials; give more than 0 trials, and at most as many hits")
    share = np.minimum(found / n, 1)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(centre - reach, 0, 1), np.clip(centre + reach, 0, 1)
