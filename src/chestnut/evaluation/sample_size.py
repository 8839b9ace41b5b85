"""How many patients a study needs for an interval of a wanted width: by the same intervals that evaluations have.

For a share, the width is that of the Clopper-Pearson interval, averaged exactly over the binomial distribution of what
the study may find; Buderer 1996 (Academic Emergency Medicine 3:895-900) does the same with the normal interval. For an
AUROC it is the width of Newcombe's interval (2006, Statistics in Medicine 25:559-573, method 5) at the expected value;
Obuchowski 1998 (Statistical Methods in Medical Research 7:371-392) does the same with a normal interval. Several images
of a patient count as fewer independent ones: m images with an intraclass correlation ρ as m / (1 + (m−1)ρ).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from chestnut.errors import DataError
from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.intervals.auroc import AurocVariance
from chestnut.evaluation.intervals.estimate import CONFIDENCE
from chestnut.evaluation.intervals.influence import Influence
from chestnut.evaluation.standard_errors import auroc_error
from chestnut.limits import require_between

Figure = Literal["sensitivity", "specificity", "auroc"]

#: The most patients of a study that is worth planning.
MOST_PATIENTS = 10_000_000
#: The width that a remark about too few patients asks for, at the share that it assumes: 0.9 within ±0.05.
USUAL_WIDTH, USUAL_SHARE = 0.1, 0.9

_LEAST_OF_A_CLASS = 2
# The outcomes over which a width is averaged; of more, so many are taken at equal distances.
_OUTCOMES = 2001
_NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class Need:
    """What one figure needs.

    Attributes:
        figure: sensitivity, specificity or auroc.
        expected: The value that is expected of it.
        positives: The number of patients with the disease.
        negatives: The number of patients without it.
        width: The width of the 95 % interval to expect with so many.
    """

    figure: Figure
    expected: float
    positives: int
    negatives: int
    width: float

    @property
    def patients(self) -> int:
        """The number of patients in all."""
        return self.positives + self.negatives


@dataclass(frozen=True)
class SampleSize:
    """How many patients a study needs.

    Attributes:
        width: The width that no interval may exceed on average, from end to end.
        prevalence: The share of patients with the disease.
        images_per_patient: The mean number of images of a patient.
        icc: The intraclass correlation of the images of a patient.
        needs: What each figure needs.
    """

    width: float
    prevalence: float
    images_per_patient: float
    icc: float
    needs: tuple[Need, ...]

    @property
    def most(self) -> Need:
        """What the figure needs that needs most; it is enough for all."""
        return max(self.needs, key=lambda need: need.patients)

    @property
    def patients(self) -> int:
        """The number of patients that is enough for all figures."""
        return self.most.patients

    @property
    def images(self) -> int:
        """The number of images of that many patients."""
        return math.ceil(self.patients * self.images_per_patient)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields for JSON, and `confidence`, `patients`, `positives`, `negatives` and `images` for all."""
        most = self.most
        return {
            **{key: value for key, value in asdict(self).items() if key != "needs"},
            "confidence": CONFIDENCE,
            "patients": self.patients,
            "positives": most.positives,
            "negatives": most.negatives,
            "images": self.images,
            "needs": [{**asdict(need), "patients": need.patients} for need in self.needs],
        }

    def _repr_html_(self) -> str:
        rows = [
            (f"{need.figure} {need.expected:g}", need.positives, need.negatives, need.patients, f"{need.width:.3f}")
            for need in self.needs
        ]
        columns = ("expected", "with disease", "without", "patients", "interval's width")
        return html_table(rows, columns, f"{self.patients:,} patients for intervals of width {self.width:g}")


def plan(
    width: float,
    *,
    sensitivity: float | None = None,
    specificity: float | None = None,
    auroc: float | None = None,
    prevalence: float = 0.5,
    images_per_patient: float = 1,
    icc: float = 0.5,
) -> SampleSize:
    """Return how many patients a study needs so that its 95 % intervals have a width on average.

    Args:
        width: The width from end to end, 0.001 to 0.9: 0.1 stands for about ±0.05.
        sensitivity: The sensitivity that is expected, 0.01 to 1; None where it does not matter.
        specificity: The specificity that is expected, 0.01 to 1; None where it does not matter.
        auroc: The AUROC that is expected, 0.5 to 1; None where it does not matter.
        prevalence: The share of patients with the disease, 0.0001 to 0.9999.
        images_per_patient: The mean number of images of a patient, 1 to 1,000.
        icc: The intraclass correlation of a patient's images, 0 (independent) to 1 (alike).

    Raises:
        DataError: A value is out of its range, no figure is given, or more than ten million patients are needed.

    >>> plan(0.1, sensitivity=0.9, prevalence=0.3).patients
    517
    """
    require_between(0.001, 0.9, ", the width of the interval from end to end", width=width)
    require_between(0.01, 1, sensitivity=sensitivity, specificity=specificity)
    require_between(0.5, 1, auroc=auroc)
    require_between(0.0001, 0.9999, prevalence=prevalence)
    require_between(1, 1000, images_per_patient=images_per_patient)
    require_between(0, 1, icc=icc)
    group = _Images(images_per_patient, icc)
    needs = []
    if sensitivity is not None:
        found = _search(lambda n: expected_width(sensitivity, n, images_per_patient, icc), width)
        needs.append(_need("sensitivity", sensitivity, found, math.ceil(found / prevalence - 1e-9) - found, group))
    if specificity is not None:
        found = _search(lambda n: expected_width(specificity, n, images_per_patient, icc), width)
        ill = math.ceil(found / (1 - prevalence) - 1e-9) - found
        needs.append(_need("specificity", specificity, ill, found, group))
    if auroc is not None:
        least = math.ceil(_LEAST_OF_A_CLASS / min(prevalence, 1 - prevalence))
        found = _search(lambda n: group.auroc_width(auroc, *_divide(n, prevalence)), width, least)
        needs.append(_need("auroc", auroc, *_divide(found, prevalence), group))
    if not needs:
        raise DataError("no figure to plan for; give sensitivity=, specificity= or auroc= the value that you expect")
    if max(need.patients for need in needs) > MOST_PATIENTS:
        raise _too_many(width)
    return SampleSize(width, prevalence, images_per_patient, icc, tuple(needs))


@cache
def patients_needed(share: float = USUAL_SHARE, width: float = USUAL_WIDTH) -> int:
    """Return how many patients with one image each give a share a 95 % interval of a width on average.

    >>> patients_needed()
    155
    """
    return _search(lambda n: expected_width(share, n), width)


def describe_need(label: str, patients: int) -> str:
    """Say how many patients of a class a sensitivity needs, and that there are fewer; empty where there are enough.

    >>> describe_need("PNEUMONIA", 31)
    'For a 95 % interval of about ±0.05 at a sensitivity of 0.9, 155 patients with PNEUMONIA are needed; there are 31.'
    >>> describe_need("PNEUMONIA", 155)
    ''
    """
    if patients >= (needed := patients_needed()):
        return ""
    return (
        f"For a 95 % interval of about ±{USUAL_WIDTH / 2:g} at a sensitivity of {USUAL_SHARE:g}, {needed:,} patients "
        f"with {label} are needed; there are {patients:,}."
    )


def expected_width(share: float, patients: int, images_per_patient: float = 1, icc: float = 0.5) -> float:
    """Return the width, on average, of the 95 % interval of a share such as a sensitivity.

    Args:
        share: The true share, in 0..1.
        patients: The number of patients whose images count, 1 or more.
        images_per_patient: The number of images of each, 1 or more.
        icc: The intraclass correlation of a patient's images, in 0..1.

    >>> round(expected_width(0.9, 155), 3), round(expected_width(1, 14), 3)
    (0.1, 0.232)
    """
    from scipy import stats

    trials = _effective_trials(share, patients, images_per_patient, icc)
    if share in (0, 1):
        return float(1 - ((1 - CONFIDENCE) / 2) ** (1 / trials))
    chances = stats.binom(trials, share)
    first, last = chances.ppf(_NEGLIGIBLE), chances.isf(_NEGLIGIBLE)
    hits = np.unique(np.linspace(first, last, min(_OUTCOMES, int(last - first) + 1)).round())
    tail, weights = (1 - CONFIDENCE) / 2, chances.pmf(hits)
    low = np.where(hits == 0, 0.0, stats.beta.ppf(tail, np.maximum(hits, 1), trials - hits + 1))
    high = np.where(hits == trials, 1.0, stats.beta.isf(tail, hits + 1, np.maximum(trials - hits, 1)))
    return float(((high - low) * weights).sum() / weights.sum())


def _effective_trials(share: float, patients: int, images: float, icc: float) -> int:
    """Return how many independent images a patient's images are worth to the interval of a share.

    The interval draws the design effect that it sees towards that of images that are all alike, the more so the fewer
    patients are wrong; so does the plan, with the number of patients that its estimate rests on.
    """
    spread = share * (1 - share)
    known = patients * spread / (1 - 3 * spread)
    design = (known * (1 + (images - 1) * icc) + images) / (known + 1)
    return max(1, math.floor(patients * images / design + 1e-9))


@dataclass(frozen=True)
class _Images:
    """How many images a patient has, and how alike they are."""

    each: float
    icc: float

    def auroc_width(self, auroc: float, positives: int, negatives: int) -> float:
        """Return the width of the 95 % interval of an AUROC whose value is as expected."""

        def worth(icc: float) -> tuple[float, float]:
            each = self.each / (1 + (self.each - 1) * icc)
            return positives * each, negatives * each

        found = AurocVariance(
            area=auroc,
            influence=Influence(np.zeros(0), np.zeros(0)),
            variance=auroc_error(auroc, *worth(self.icc)) ** 2,
            freedom=positives + negatives - 2,
            patients=(positives, negatives),
            sizes=worth((1 + self.icc) / 2),  # the interval takes the correlation for halfway between that and 1
            fewest=(positives, negatives),
        )
        low, high = found.interval()
        return high - low


def _search(width_of: Callable[[int], float], width: float, least: int = 1) -> int:
    """Return the smallest number of patients whose interval is narrow enough."""
    low, high = least - 1, least
    while width_of(high) > width:
        low, high = high, 2 * high
        if low > MOST_PATIENTS:
            raise _too_many(width)
    while high - low > 1:
        middle = (low + high) // 2
        if width_of(middle) > width:
            low = middle
        else:
            high = middle
    return high


def _too_many(width: float) -> DataError:
    return DataError(f"width={width:g}: that needs more than {MOST_PATIENTS:,} patients; allow wider intervals")


def _divide(patients: int, prevalence: float) -> tuple[int, int]:
    ill = min(max(round(patients * prevalence), _LEAST_OF_A_CLASS), patients - _LEAST_OF_A_CLASS)
    return ill, patients - ill


def _need(figure: Figure, expected: float, positives: int, negatives: int, group: _Images) -> Need:
    if figure == "auroc":
        width = group.auroc_width(expected, positives, negatives)
    else:
        counted = positives if figure == "sensitivity" else negatives
        width = expected_width(expected, counted, group.each, group.icc)
    return Need(figure, expected, positives, negatives, width)
