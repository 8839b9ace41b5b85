"""The details of an evaluation as rows of a table: what each figure is, and the figure of each class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chestnut.evaluation.details.decision_curve import Spans
from chestnut.evaluation.details.details import ClassDetails, Details
from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import in_words

#: The prevalence that a short table shows where none was stated.
_USUAL = 0.1


@dataclass(frozen=True)
class DetailRow:
    """A row.

    Attributes:
        name: What the figure is, in words.
        meaning: How to read it.
        cells: The figure of each class, in the order of `Details.classes`.
        unit: Whether it runs from 0 (bad) to 1 (good).
    """

    name: str
    meaning: str
    cells: tuple[Estimate | str, ...]
    unit: bool = False


def detail_rows(details: Details, *, short: bool = False) -> Iterator[DetailRow]:
    """Yield the rows of a table.

    Args:
        details: The details, of one class at least.
        short: Whether to leave out predictive values at all prevalences but one.
    """
    views = [list(_rows(view, short and details.prevalence is None)) for view in details.classes.values()]
    for same in zip(*views, strict=True):
        yield replace(same[0], cells=tuple(cell for row in same for cell in row.cells))


def _rows(view: ClassDetails, short: bool) -> Iterator[DetailRow]:
    """Yield the rows of one class."""
    for point in view.fixed_points:
        name = f"{point.name} at {point.fixed} {point.at:g}"
        yield DetailRow(
            name, "at the threshold that reaches it, whose uncertainty is allowed for", (point.figure,), True
        )
    shown = [one for one in view.predictive_values if not short or one.prevalence == _USUAL]
    for word, decided, name in (("precision", "positive", "precision"), ("NPV", "negative", "npv")):
        meaning = f"share of those decided {decided} that are {decided}, were the disease so common"
        for values in shown:
            yield DetailRow(f"{word} at prevalence {values.prevalence:g}", meaning, (getattr(values, name),), True)
    line, curve = view.line, view.decision_curve
    yield DetailRow("calibration slope", "1 is perfect; below 1, probabilities are too extreme", (line.slope,))
    yield DetailRow("calibration intercept", "that of the same line; 0 is perfect", (line.intercept,))
    large = "0 is perfect; above 0, the class is more common than the probabilities say"
    yield DetailRow("calibration in the large", large, (line.in_the_large,))
    worth = "threshold probabilities at which deciding by the network is worth more than deciding all or none positive"
    yield DetailRow("net benefit above all and none", worth, (in_spans(curve.better),))
    sure = "those at which the intervals of both differences are above 0"
    yield DetailRow("the same beyond chance", sure, (in_spans(curve.surely_better),))
    patients = view.patients
    meaning = f"one row a patient, by the {'mean' if patients.rule == 'mean' else 'highest'} probability of the images"
    for name in ("auroc", "sensitivity", "specificity", "accuracy"):
        yield DetailRow(f"{in_words(name)} of patients", meaning, (getattr(patients, name),), True)


def details_html(details: Details | None) -> str:
    """Return the table as HTML for notebooks; nothing where there are no details."""
    if details is None or not details.classes:
        return ""
    rows = [(row.name, *row.cells) for row in detail_rows(details, short=True)]
    return html_table(rows, ("figure", *details.classes), "In more detail", detail_notes(details))


def in_spans(spans: Spans) -> str:
    """Return spans of thresholds in words.

    >>> in_spans(((0.02, 0.4), (0.5, 0.5))), in_spans(())
    ('0.02–0.4, 0.5', 'nowhere')
    """
    return ", ".join(f"{low:g}" if low == high else f"{low:g}–{high:g}" for low, high in spans) or "nowhere"


def detail_notes(details: Details) -> list[str]:
    """Return what to know before reading the rows, in sentences."""
    notes = [_describe_patients(details)]
    views = details.classes.values()
    if any(point.figure.low == 0 for view in views for point in view.fixed_points):
        notes.append(
            "An interval from 0 means that so few patients cannot show which threshold reaches the fixed share: that "
            "takes 29 patients of a class for 0.9, 59 for 0.95 and 299 for 0.99."
        )
    if any(view.line.slope.value is None for view in views):
        notes.append("No calibration slope: a threshold separates the classes, or all probabilities are equal.")
    return notes


def _describe_patients(details: Details) -> str:
    """Say how patients were judged, with the number of them whose images have several labels."""
    one = next(iter(details.classes.values())).patients
    how = (
        "a patient’s probability is the mean of those of the images"
        if one.rule == "mean"
        else "a patient’s probability is the highest of those of the images"
    )
    mixed = max(found.patients.mixed for found in details.classes.values())
    several = f"; the images of {mixed:,} have several labels" if mixed else ""
    return (
        f"Of {one.patients:,} patients, each with one row: {how}, and a patient is positive if any image is{several}."
    )
