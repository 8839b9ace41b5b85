"""Read the evaluations of a run for its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chestnut.data.overlap import overlap_in_words
from chestnut.evaluation.calibration.bins import CalibrationBin, calibration_bins
from chestnut.evaluation.calibration.temperature import decide_alike
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import SHOWN, heading, in_words
from chestnut.evaluation.metrics import Evaluation
from chestnut.report.identities import Identities
from chestnut.report.render import Picture, count, figure, list_figures, picture
from chestnut.report.sections.confusion import ConfusionTable, arrange_confusion
from chestnut.report.sections.details import DetailSection, read_details
from chestnut.report.sections.drawings import Drawing, read_drawings
from chestnut.report.sections.mistakes import MistakeSection, read_mistake_section
from chestnut.report.sections.sets import SetsSection, read_sets
from chestnut.runs.evaluations import read_evaluation
from chestnut.runs.folder import RunFolder

Kind = Literal["test", "external", "val", "other", "train"]

#: What to know of each kind of evaluation before its figures are read, in the order of the report.
KINDS: dict[Kind, str] = {
    "test": "These images took no part in training or in choosing the epoch: the figures to quote.",
    "external": "Another data set, which took no part in training: what to expect from images taken elsewhere.",
    "val": "These images chose the epoch that was kept, so their figures flatter the model.",
    "other": "Some of these images belong to the run itself, so these are not the figures of an external data set.",
    "train": "The network was fitted to these images: the figures show what it remembers, not what it can do.",
}
_UNRECORDED = (
    "Whether the run was trained on some of these images was not recorded; evaluate the data again to find out."
)
_ELSEWHERE = (
    "The network was trained elsewhere. Whether it was trained on some of these images is not known; if it was, the "
    "figures are too good."
)
_TITLES: dict[Kind, str] = {"test": "Test split", "val": "Validation split", "train": "Training split"}

_MEANINGS = {
    "auroc": "chance that a positive image scores above a negative one; 0.5 is guessing",
    "auprc": "precision averaged over all recalls; its baseline is the prevalence",
    "accuracy": "share of images decided correctly",
    "balanced_accuracy": "the same, with equal weight for each class",
    "sensitivity": "share of positive images decided positive (recall)",
    "specificity": "share of negative images decided negative",
    "precision": "share of the images decided positive that are positive",
    "npv": "share of the images decided negative that are negative",
    "lr_positive": "factor by which a positive decision raises the odds of disease; 1 says nothing",
    "lr_negative": "factor by which a negative decision lowers the odds of disease; 1 says nothing, 0 is perfect",
    "f1": "harmonic mean of precision and sensitivity",
    "mcc": "correlation of decision and truth, −1 to 1",
    "brier": "squared error of the probabilities; 0 is perfect",
    "calibration_error": "mean gap between probability and observed share; 0 is perfect",
    "loss": "cross-entropy in nats; 0 is perfect",
}
_NO_SHARES = ("mcc", "lr_positive", "lr_negative", "brier", "calibration_error", "loss")
#: The metrics in the order of the table: name, meaning in plain words, and whether it runs from 0 (bad) to 1 (good).
METRICS = {name: (heading(name), _MEANINGS[name], name not in _NO_SHARES) for name in SHOWN}

_WIDE_GAP = 0.05


@dataclass(frozen=True)
class Result:
    """One evaluation.

    Attributes:
        name: The name of its folder.
        kind: What kind of images it judged, one of `KINDS`.
        evaluation: The figures.
        data: The data set that the images belong to, as its user named it.
        synthetic: Whether the images were drawn by the phantom.
        overlap: For another data set, the number of its images in each split of the run; None where not recorded.
        drawings: The figures saved beside it, by name.
        groups: The figure of its subgroups; None where it has none.
        details: What a paper reports beside the metrics; None where there is nothing.
        mistakes: The wrong decisions; None where predictions.csv is missing.
        sets: The prediction sets; None where none were asked for.
        ill: The number of patients with an image of the positive class; None for more than two classes, and where
            predictions.csv is missing.
        temperature: The number that divided the logits.
        imported: Whether the network was trained elsewhere.
        bins: For each class of the reliability diagram, its images in bins of probability.
    """

    name: str
    kind: Kind
    evaluation: Evaluation
    data: str
    synthetic: bool
    overlap: Mapping[str, int] | None
    drawings: Mapping[str, Drawing]
    groups: Picture | None
    details: DetailSection | None
    mistakes: MistakeSection | None
    sets: SetsSection | None = None
    ill: int | None = None
    temperature: float = 1.0
    imported: bool = False
    bins: Mapping[str, tuple[CalibrationBin, ...]] = field(default_factory=dict)

    @property
    def confusion(self) -> ConfusionTable | None:
        """The numbers of images by true and decided class; None where they were not kept."""
        return arrange_confusion(self.evaluation)

    @property
    def title(self) -> str:
        """The heading of the evaluation."""
        if self.kind == "external":
            return f"External data: {self.name}"
        if self.kind == "other":
            known = overlap_in_words(self.overlap, self.evaluation.images) if self.overlap else "overlap not recorded"
            return f"Other data: {self.name}; {known}"
        return _TITLES[self.kind]

    @property
    def warning(self) -> str:
        """What to know before reading the figures."""
        if self.imported:
            return _ELSEWHERE
        return _UNRECORDED if self.kind == "other" and self.overlap is None else KINDS[self.kind]

    @property
    def size(self) -> str:
        """The numbers of images and patients, in words."""
        image = "synthetic image" if self.synthetic else "image"
        return f"{count(self.evaluation.images, image)} of {count(self.evaluation.patients, 'patient')}"

    @property
    def cut(self) -> tuple[float | None, float]:
        """The threshold and the temperature that it belongs to."""
        return self.evaluation.threshold, self.temperature

    @property
    def spoken_groups(self) -> str:
        """What the figure of the subgroups shows, in words."""
        name = "auroc" if self.evaluation.positive else "accuracy"
        return (
            heading(name)
            + ": "
            + list_figures(
                (f"{one.column} {group.name}", group.metrics.get(name))
                for one in self.evaluation.subgroups
                for group in one.groups
            )
        )

    def metric(self, name: str) -> Estimate:
        """Return a metric with its interval; undefined where the evaluation does not have it."""
        return self.evaluation.metrics.get(name, Estimate(None))


def read_results(run: RunFolder, names: Identities) -> list[Result]:
    """Read all evaluations of a run, in the order of `KINDS`.

    Args:
        run: The run.
        names: What to call images and patients.

    Raises:
        DataError: A metrics.json or a predictions.csv is damaged.
    """
    root = run.facts.get("root")
    found = [_read(run, name, root, names) for name in run.evaluations()]
    return sorted(found, key=lambda result: (list(KINDS).index(result.kind), result.name))


def gap(results: Sequence[Result]) -> str:
    """Say how far the test figures are from the validation figures; empty unless both are there."""
    kinds = {result.kind: result for result in results}
    if "val" not in kinds or "test" not in kinds or kinds["test"].imported:
        return ""
    alike = decide_alike(kinds["val"].cut, kinds["test"].cut)
    metrics = ("auroc", "accuracy") if alike else ("auroc",)  # accuracies at two thresholds tell nothing
    moved = [_describe_change(kinds["val"], kinds["test"], metric) for metric in metrics]
    changes = [text for text, _ in moved if text]
    if not changes:
        return ""
    worst = min(change for text, change in moved if text)
    if worst <= -_WIDE_GAP:
        lesson = (
            "So wide a gap suggests that the validation images have something in common with the training images that "
            "the test images lack: patients, copies, a scanner or a hospital."
        )
    elif worst < 0:
        lesson = "Some loss is to be expected, because the validation images chose the epoch; quote the test figures."
    else:
        lesson = (
            "Nothing is lost, so choosing the epoch on the validation images did not flatter the model much. Both come "
            "from the same data, so this says nothing about images from elsewhere."
        )
    return f"From validation to test: {', '.join(changes)}. {lesson}"


def _describe_change(before: Result, after: Result, metric: str) -> tuple[str, float]:
    """Return the change of a metric in words and as a number; no words where it is undefined."""
    one, other = before.metric(metric).value, after.metric(metric).value
    if one is None or other is None:
        return "", 0.0
    change = other - one
    sign = "+" if change >= 0 else ""
    return f"{in_words(metric)} {figure(one)} → {figure(other)} ({sign}{figure(change)})", change


def _read(run: RunFolder, name: str, root: object, names: Identities) -> Result:
    folder, held, evaluation = run.evaluation(name), run.metrics(name), read_evaluation(run, name)
    return Result(
        name,
        _kind(name, held, root),
        evaluation,
        names.folder(str(held.get("data", ""))),
        bool(held.get("synthetic")),
        held.get("overlap"),
        read_drawings(folder, evaluation),
        picture(folder / "subgroups.png"),
        read_details(run, name, evaluation),
        read_mistake_section(run, name, evaluation.classes, names),
        read_sets(run, name, evaluation),
        _count_ill(run, name, evaluation),
        float(held.get("temperature", 1.0)),
        imported=run.record.imported is not None,
        bins=_read_bins(run, name, evaluation),
    )


def _count_ill(run: RunFolder, name: str, evaluation: Evaluation) -> int | None:
    if evaluation.positive is None or not (run.evaluation(name) / "predictions.csv").exists():
        return None
    frame = run.predictions(name, evaluation.classes).frame
    return int(frame.loc[frame["label"] == evaluation.positive, "patient"].nunique())


def _kind(name: str, held: Mapping[str, Any], root: object) -> Kind:
    """Tell which of `KINDS` an evaluation is; another data set may be named like a split."""
    own = held.get("data", root) == root
    for kind in ("test", "val", "train"):
        if own and name == kind:
            return kind
    overlap = held.get("overlap")
    return "other" if overlap is None or any(overlap.values()) else "external"


def _read_bins(run: RunFolder, name: str, evaluation: Evaluation) -> dict[str, tuple[CalibrationBin, ...]]:
    """Count the images of each class in bins of probability; empty where predictions.csv is missing."""
    if not (run.evaluation(name) / "predictions.csv").exists():
        return {}
    table = run.predictions(name, evaluation.classes)
    shown = [evaluation.positive] if evaluation.positive is not None else evaluation.classes
    columns = {label: evaluation.classes.index(label) for label in shown}
    return {
        label: calibration_bins(table.targets == column, table.probabilities[:, column], table.patients)
        for label, column in columns.items()
    }
