"""Figures of groups of images, such as men and women, and whether a group differs from the others.

The interval of a difference is put together from the intervals of its two figures (Newcombe 1998, Statistics in
Medicine 17:873-890; Zou and Donner 2008, 27:1693-1702), so it counts patients and has a width where all are right.
The p value is one less the greatest coverage at which that interval still leaves out 0. A patient with images in both
parts makes both figures alike, so that the interval is rather too wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from chestnut.evaluation.grouping import FEWEST_SHOWN, RARE, Grouping
from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.intervals.auroc import AurocVariance
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate, format_figure, format_p
from chestnut.evaluation.intervals.inversion import invert_interval
from chestnut.evaluation.metric_names import in_words
from chestnut.evaluation.outcome import Outcome, Rate
from chestnut.evaluation.paired.holm import holm

#: A group is compared with the others by a figure for which both have at least so many patients in a class.
FEWEST_TESTED = 10
#: The adjusted p value below which a difference is pointed out.
LEVEL = 1 - CONFIDENCE

# Accuracy depends on how many of a group are ill, so two classes are not compared by it.
_TESTED = ("auroc", "sensitivity", "specificity")


@dataclass(frozen=True)
class GroupDifference:
    """How much greater a figure of a group is than that of all other groups together.

    Attributes:
        value: The difference.
        low: The lower end of its interval, which is not corrected for the number of groups.
        high: The upper end.
        p: The p value of no difference.
        adjusted: The p value after Holm's correction for all groups, columns and figures that were tested.
    """

    value: float
    low: float
    high: float
    p: float
    adjusted: float

    @property
    def estimate(self) -> Estimate:
        """The difference with its interval."""
        return Estimate(self.value, self.low, self.high)

    @property
    def stands_out(self) -> bool:
        """Whether the difference is more than chance, after the correction."""
        return self.adjusted < LEVEL

    @property
    def change(self) -> str:
        """The difference with its sign, and the corrected p value, in a few characters."""
        return f"{'+' if self.value >= 0 else ''}{format_figure(self.value)}, p {format_p(self.adjusted)}"


@dataclass(frozen=True)
class Group:
    """The images of one group.

    Attributes:
        name: The value or band that they have in common.
        images: The number of images.
        patients: The number of patients.
        positives: The number of patients with an image of the positive class; None for more than two classes.
        negatives: The number of patients with another image; None for more than two classes.
        metrics: AUROC, sensitivity, specificity and accuracy; accuracy alone for more than two classes; none where the
            group is too small to be shown.
        differences: The figures in which the group was compared with the others, each with the difference.
        small: Whether one of its figures was not compared because there are too few patients.
    """

    name: str
    images: int
    patients: int
    positives: int | None
    negatives: int | None
    metrics: dict[str, Estimate]
    differences: dict[str, GroupDifference]
    small: bool

    def describe(self, figure: str) -> str:
        """Return a figure with its interval and its difference to the others as text; a dash where there is none."""
        if figure not in self.metrics:
            return "–"
        difference = self.differences.get(figure)
        return str(self.metrics[figure]) + ("" if difference is None else f"; Δ {difference.change}")

    def has_few(self, figure: str) -> bool:
        """Tell whether there are too few patients to compare the group in a figure."""
        if self.positives is None or self.negatives is None or figure == "accuracy":
            return self.patients < FEWEST_TESTED
        counts = {"sensitivity": self.positives, "specificity": self.negatives}
        return counts.get(figure, min(self.positives, self.negatives)) < FEWEST_TESTED

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Group:
        """Read what `Subgroups.to_dict` returns of a group; raises the errors of `Subgroups.from_dict`."""
        differences = {name: GroupDifference(**one) for name, one in values["differences"].items()}
        metrics = {name: Estimate(**one) for name, one in values["metrics"].items()}
        return cls(**{**values, "metrics": metrics, "differences": differences})


@dataclass(frozen=True)
class Subgroups:
    """The groups of one column.

    Attributes:
        column: The column that divides the images.
        groups: The groups, in order.
        unknown: The number of images whose cell is empty; they are in no group.
    """

    column: str
    groups: list[Group]
    unknown: int

    @property
    def divided(self) -> bool:
        """Whether there are two groups or more."""
        return len(self.groups) > 1

    @property
    def sentences(self) -> tuple[str, ...]:
        """What stands out, and what could not be compared, in sentences."""
        return tuple(_sentences(self))

    def _repr_html_(self) -> str:
        names = [name for name in (*_TESTED, "accuracy") if any(name in group.metrics for group in self.groups)]
        rows = [
            (group.name, group.images, group.patients, *(group.describe(name) for name in names))
            for group in self.groups
        ]
        columns = (self.column, "images", "patients", *map(in_words, names))
        return html_table(rows, columns, f"By {self.column}", self.sentences)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Subgroups:
        """Read what `to_dict` returned; raises KeyError, TypeError or AttributeError for anything else."""
        return cls(str(values["column"]), list(map(Group.from_dict, values["groups"])), int(values["unknown"]))


def compare_groups(groupings: Sequence[Grouping], outcome: Outcome) -> tuple[Subgroups, ...]:
    """Return the figures of every group, and the differences between each group and the others of its column.

    Of two groups, the first is compared with the second. Groups with fewer than ten patients of a class, or which
    differ from nine or fewer, are not compared in the figures that rest on that class.

    Args:
        groupings: The groups of each column.
        outcome: What the network made of the images.

    >>> owners, truth = np.arange(80), np.arange(80) % 2 == 0
    >>> outcome = Outcome(np.arange(80) < 60, owners, truth, np.where(truth, 0.9, 0.1))
    >>> (found,) = compare_groups([Grouping.of("sex", ["F"] * 40 + ["M"] * 40, owners)], outcome)
    >>> str(found.groups[0].differences["sensitivity"].estimate)
    '0.500 (0.239–0.705)'
    """
    made = [
        Subgroups(grouping.column, list(_groups(grouping, outcome)), int((grouping.codes < 0).sum()))
        for grouping in groupings
    ]
    tested = [difference for one in made for group in one.groups for difference in group.differences.values()]
    adjusted = iter(holm([difference.p for difference in tested]))
    return tuple(replace(one, groups=[_with_adjusted(group, adjusted) for group in one.groups]) for one in made)


def _with_adjusted(group: Group, adjusted: Iterator[float]) -> Group:
    corrected = {name: replace(one, adjusted=next(adjusted)) for name, one in group.differences.items()}
    return replace(group, differences=corrected)


def _groups(grouping: Grouping, outcome: Outcome) -> Iterator[Group]:
    known = grouping.codes >= 0
    for code, name in enumerate(grouping.labels):
        inside = grouping.codes == code
        own = outcome.take(np.flatnonzero(inside))
        patients = own.count()
        shown = patients >= FEWEST_SHOWN
        once = len(grouping.labels) == 2 and code == 1
        others = outcome.take(np.flatnonzero(known & ~inside))
        compared = {} if not shown or once or name == RARE else _compare(own, others)
        figures = own.figures if shown else {}
        testable = [figure for figure in _tested(outcome) if figure in outcome.figures]
        yield Group(
            name=name,
            images=int(inside.sum()),
            patients=patients,
            positives=None if outcome.truth is None else own.count(positive=True),
            negatives=None if outcome.truth is None else own.count(positive=False),
            metrics={figure: _estimate(value) for figure, value in figures.items()},
            differences=compared,
            small=any(not _enough(own, figure) for figure in testable if figure in figures or not shown),
        )


def _tested(outcome: Outcome) -> tuple[str, ...]:
    return ("accuracy",) if outcome.truth is None else _TESTED


def _enough(outcome: Outcome, figure: str) -> bool:
    """Tell whether there are enough patients to compare a figure."""
    needed = {"auroc": (True, False), "sensitivity": (True,), "specificity": (False,), "accuracy": (None,)}[figure]
    return all(outcome.count(positive) >= FEWEST_TESTED for positive in needed)


def _compare(own: Outcome, others: Outcome) -> dict[str, GroupDifference]:
    ours, theirs = own.figures, others.figures
    return {
        figure: _difference(ours[figure], theirs[figure])
        for figure in _tested(own)
        if _enough(own, figure) and _enough(others, figure)
    }


def _difference(one: Rate | AurocVariance, other: Rate | AurocVariance) -> GroupDifference:
    p = _p_value(one, other)
    return GroupDifference(_value(one) - _value(other), *difference_ends(one, other), p, p)


def _p_value(one: Rate | AurocVariance, other: Rate | AurocVariance) -> float:
    """Return one less the greatest coverage at which the interval of the difference leaves out 0."""
    return invert_interval(lambda confidence: difference_ends(one, other, confidence), 0.0)


def difference_ends(
    one: Rate | AurocVariance, other: Rate | AurocVariance, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the ends of the interval of the difference of two figures of different patients."""
    (low, high), (least, most) = _interval(one, confidence), _interval(other, confidence)
    first, second = _value(one), _value(other)
    value = first - second
    return value - math.hypot(first - low, most - second), value + math.hypot(high - first, second - least)


def _interval(figure: Rate | AurocVariance, confidence: float) -> tuple[float, float]:
    return figure.ends(confidence) if isinstance(figure, Rate) else figure.interval(confidence)


def _value(figure: Rate | AurocVariance) -> float:
    return figure.share.value if isinstance(figure, Rate) else figure.area


def _estimate(figure: Rate | AurocVariance) -> Estimate:
    return figure.share.estimate() if isinstance(figure, Rate) else Estimate(figure.area, *figure.interval())


def _sentences(found: Subgroups) -> Iterator[str]:
    if not found.divided:
        known = f"all in the group {found.groups[0].name}" if found.groups else "not known of any"
        yield f"By {found.column}, the images cannot be divided: they are {known}."
        return
    for group, (name, one) in chain.from_iterable(
        ((group, item) for item in group.differences.items()) for group in found.groups
    ):
        if one.stands_out and one.estimate.value is not None:
            word = "higher" if one.estimate.value > 0 else "lower"
            yield (
                f"By {found.column}, {in_words(name)} is {word} in {group.name} than in the others: {one.estimate}, "
                f"p {format_p(one.adjusted)} after Holm's correction."
            )
    if small := [group.name for group in found.groups if group.small]:
        yield (
            f"By {found.column}, these groups have fewer than {FEWEST_TESTED} patients of a class, so they were not "
            f"compared in every figure: {', '.join(small)}."
        )
    if found.unknown:
        yield f"{found.column} is not known for {found.unknown:,} {'image' if found.unknown == 1 else 'images'}."
