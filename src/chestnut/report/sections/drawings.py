"""Find the figures of an evaluation, with a caption that says how to read each and its numbers in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chestnut.evaluation.details.rows import in_spans
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metrics import Evaluation
from chestnut.report.render import Picture, figure, picture
from chestnut.report.sections.confusion import arrange_confusion

_FIGURES: dict[str, tuple[str, str]] = {
    "confusion": (
        "Confusion matrix",
        "A row for each true class, a column for each decision: the diagonal has the correct decisions, "
        "and the shares of a row sum to 100 %.",
    ),
    "roc": (
        "ROC curve",
        "For every threshold, the share of positive images found (up) and the share of false alarms (right): "
        "the nearer to the upper left corner the better, and guessing follows the diagonal.",
    ),
    "precision_recall": (
        "Precision-recall curve",
        "For every threshold, the share of positive images among those decided positive (up) and the share of positive "
        "images found (right): the dashed line is the result of deciding every image positive.",
    ),
    "reliability": (
        "Reliability diagram",
        "For images with about the same probability (right), the share that is positive (up): on the diagonal the "
        "probabilities are right; below it they are too high, above it too low.",
    ),
    "decision_curve": (
        "Decision curve",
        "For whoever acts from a probability (right) upwards, what deciding by the network is worth (up): the share of "
        "true positives less that of false ones, each of which weighs as much as that probability implies. Deciding by "
        "it is of use where its curve lies above both others.",
    ),
}
_METRICS = {"roc": "auroc", "precision_recall": "auprc", "reliability": "calibration_error"}
_NAMES = {"auroc": "AUROC", "auprc": "AUPRC", "calibration_error": "calibration error"}


@dataclass(frozen=True)
class Drawing:
    """A figure of a page.

    Attributes:
        title: What it shows.
        caption: How to read it.
        picture: The figure.
        figures: Its most important numbers in words, for those who do not see it; may be empty.
    """

    title: str
    caption: str
    picture: Picture
    figures: str = ""


def read_drawings(folder: Path, evaluation: Evaluation) -> dict[str, Drawing]:
    """Read the figures that were saved in the folder of an evaluation.

    Args:
        folder: The folder.
        evaluation: The evaluation that they show.

    Returns:
        The figures that are there, by name, in the order of a page.
    """
    held = {name: picture(folder / f"{name}.png") for name in _FIGURES}
    return {
        name: Drawing(*_FIGURES[name], found, describe_figure(name, evaluation))
        for name, found in held.items()
        if found is not None
    }


def describe_figure(name: str, evaluation: Evaluation) -> str:
    """Put the most important numbers of a figure into words.

    Args:
        name: The name of the figure: confusion, roc, precision_recall, reliability or decision_curve.
        evaluation: The evaluation that it shows.
    """
    if name == "confusion":
        return "" if (table := arrange_confusion(evaluation)) is None else table.sentence
    if name == "decision_curve":
        details = {} if evaluation.details is None else evaluation.details.classes
        return "; ".join(
            f"{label} is worth more than both at {in_spans(one.decision_curve.better)}"
            for label, one in details.items()
        )
    metric = _METRICS[name]
    held = {evaluation.positive: evaluation.metrics} if evaluation.positive is not None else evaluation.per_class
    known = {label: one[metric] for label, one in held.items() if metric in one and one[metric].value is not None}
    areas = "; ".join(f"{label} {_NAMES[metric]} {one}" for label, one in known.items())
    return areas + (_describe_point(name, evaluation) if evaluation.positive is not None else "")


def _describe_point(name: str, evaluation: Evaluation) -> str:
    """Say where the threshold lies on a curve of two classes."""
    along = {"roc": ("sensitivity", "specificity"), "precision_recall": ("sensitivity", "precision")}.get(name)
    if along is None or evaluation.threshold is None:
        return ""
    rates = " and ".join(f"{rate} {figure(evaluation.metrics.get(rate, Estimate(None)).value)}" for rate in along)
    return f"; at the threshold {evaluation.threshold:.3g}, {rates}"
