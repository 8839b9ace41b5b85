"""The evaluations of a run, as the report shows them.

Called by this room's pages; reads `evaluation/<name>/` as `inference.evaluate` wrote it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from chestnut.errors import DataError, RunError, listed
from chestnut.evaluation.metric_names import SHOWN, heading, in_words
from chestnut.evaluation.metrics import Evaluation
from chestnut.report.render import Estimate, Picture, count, figure, file_name, picture
from chestnut.runs.folder import RunFolder

Kind = Literal["test", "external", "val", "train"]

#: The order of the report, and what is to be known of each before its figures are read.
KINDS: dict[Kind, str] = {
    "test": "These images took no part in training or in choosing the epoch: the figures to quote.",
    "external": "Another data set, which took no part in training: what to expect away from home.",
    "val": "These images chose the epoch that was kept, so their figures flatter the model.",
    "train": "The network was fitted to these images: the figures say what it remembers, not what it can do.",
}
_TITLES: dict[Kind, str] = {"test": "Test split", "val": "Validation split", "train": "Training split"}

_MEANINGS = {
    "auroc": "chance that a positive image scores above a negative one; 0.5 is guessing",
    "auprc": "precision averaged over all recalls; its baseline is the prevalence",
    "accuracy": "share of images decided rightly",
    "balanced_accuracy": "the same, each class counting alike",
    "sensitivity": "share of positive images found (recall)",
    "specificity": "share of negative images left alone",
    "precision": "share of the images called positive that are",
    "npv": "share of images called negative that are",
    "lr_positive": "factor by which a positive decision raises the odds of disease; 1 says nothing",
    "lr_negative": "factor by which a negative decision lowers the odds of disease; 1 says nothing, 0 is perfect",
    "f1": "harmonic mean of precision and sensitivity",
    "mcc": "correlation of decision and truth, −1 to 1",
    "brier": "squared error of the probabilities; 0 is perfect",
    "calibration_error": "mean gap between probability and observed share; 0 is perfect",
    "loss": "cross-entropy in nats; 0 is perfect",
}
_NO_SHARES = ("mcc", "lr_positive", "lr_negative", "brier", "calibration_error", "loss")
#: Metrics in the order of the table: name, what it says in plain words, and whether it runs from 0 (bad) to 1 (good).
METRICS = {name: (heading(name), _MEANINGS[name], name not in _NO_SHARES) for name in SHOWN}

_FIGURES: dict[str, tuple[str, str]] = {
    "confusion": (
        "Confusion matrix",
        "A row for each true class, a column for each decision: the diagonal holds what was decided rightly, "
        "and the shares of a row sum to 100 %.",
    ),
    "roc": (
        "ROC curve",
        "How many positive images are found (up) at the price of how many false alarms (right), for every threshold: "
        "the nearer the upper left corner the better, and guessing follows the diagonal.",
    ),
    "precision_recall": (
        "Precision-recall curve",
        "Of the images called positive, the share that is (up), as more of the positive ones are found (right): "
        "the dashed line is what calling every image positive would reach.",
    ),
    "reliability": (
        "Reliability diagram",
        "Of the images given some probability (right), the share that is positive (up): on the diagonal a probability "
        "can be taken at its word; below it the model claims too much, above it too little.",
    ),
}
_NEEDED = {"images", "patients", "classes", "positive", "threshold", "counts", "metrics", "per_class", "notes"}
_MISTAKES = 10
_WIDE_GAP = 0.05


@dataclass(frozen=True)
class Drawing:
    """A picture with its title and how to read it."""

    title: str
    caption: str
    picture: Picture


@dataclass(frozen=True)
class Mistake:
    """An image that was decided wrongly, with the probabilities of its true and its decided class."""

    file: str
    patient: str
    label: str
    decision: str
    true_probability: float
    decided_probability: float


@dataclass(frozen=True)
class Result:
    """One evaluation.

    Attributes:
        name: Its folder's name.
        kind: test, external, val or train.
        held: The content of metrics.json.
        drawings: The figures that stand beside it.
        wrong: How many images were decided wrongly; None where predictions.csv is missing.
        mistakes: The most confidently wrong of them.
    """

    name: str
    kind: Kind
    held: Mapping[str, Any]
    drawings: tuple[Drawing, ...]
    wrong: int | None
    mistakes: tuple[Mistake, ...]

    @property
    def title(self) -> str:
        """What to call it."""
        return _TITLES.get(self.kind, f"External data: {self.name}")

    @property
    def warning(self) -> str:
        """What is to be known before its figures are read."""
        return KINDS[self.kind]

    @property
    def size(self) -> str:
        """Images and patients, in words."""
        image = "synthetic image" if self.held.get("synthetic") else "image"
        return f"{count(self.held['images'], image)} of {count(self.held['patients'], 'patient')}"

    def metric(self, name: str) -> Estimate:
        """One metric with its interval."""
        found: Estimate = self.held["metrics"][name]
        return found


def read_results(run: RunFolder) -> list[Result]:
    """All evaluations of a run: test first, then other data sets, validation, training.

    Raises:
        RunError: A metrics.json that does not hold an evaluation.
    """
    root = run.facts.get("root")
    found = [_read(run, name, root) for name in run.evaluations()]
    return sorted(found, key=lambda result: (list(KINDS).index(result.kind), result.name))


def gap(results: Sequence[Result]) -> str:
    """How far the test figures lie from those of validation, in a sentence; empty unless there are both."""
    kinds = {result.kind: result for result in results}
    if "val" not in kinds or "test" not in kinds:
        return ""
    moved = [_moved(kinds["val"], kinds["test"], metric) for metric in ("auroc", "accuracy")]
    told = [text for text, _ in moved if text]
    if not told:
        return ""
    worst = min(change for text, change in moved if text)
    if worst <= -_WIDE_GAP:
        lesson = (
            "So wide a gap suggests that validation images share with training images what test images do not: "
            "patients, copies, a scanner or a hospital."
        )
    elif worst < 0:
        lesson = "Some loss is to be expected, for the validation images chose the epoch; quote the test figures."
    else:
        lesson = (
            "Nothing is lost, so choosing the epoch on the validation images did not flatter the model much; both come "
            "from the same data, so this says nothing of images from elsewhere."
        )
    return f"From validation to test: {', '.join(told)}. {lesson}"


def _moved(before: Result, after: Result, metric: str) -> tuple[str, float]:
    one, other = before.metric(metric)["value"], after.metric(metric)["value"]
    if one is None or other is None:
        return "", 0.0
    change = other - one
    sign = "+" if change >= 0 else ""
    return f"{in_words(metric)} {figure(one)} → {figure(other)} ({sign}{figure(change)})", change


def _read(run: RunFolder, name: str, root: object) -> Result:
    folder, held = run.evaluation(name), run.metrics(name)
    if set(held) >= _NEEDED:  # metrics that an older version did not write are computed
        held |= Evaluation.from_dict(held).to_dict()
    if _NEEDED - set(held) or set(METRICS) - set(held["metrics"]):
        raise RunError(f"{folder / 'metrics.json'} is not an evaluation; make it anew by chestnut evaluate {run.path}")
    wrong, mistakes = _mistakes(folder / "predictions.csv", held["classes"])
    return Result(name, _kind(name, held, root), held, tuple(_drawings(folder)), wrong, mistakes)


def _kind(name: str, held: Mapping[str, Any], root: object) -> Kind:
    """Which of `KINDS` an evaluation is; another data set may be named like a split."""
    own = held.get("data", root) == root
    for kind in ("test", "val", "train"):
        if own and name == kind:
            return kind
    return "external"


def _drawings(folder: Path) -> list[Drawing]:
    held = [(title, caption, picture(folder / f"{name}.png")) for name, (title, caption) in _FIGURES.items()]
    return [Drawing(title, caption, found) for title, caption, found in held if found is not None]


def read_cells(path: Path, needed: Iterable[str]) -> pd.DataFrame:
    """Read a CSV of a run with every cell as text.

    Raises:
        DataError: It is no table, or lacks a column.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a table ({error}); restore it from a copy") from error
    lacking = [name for name in needed if name not in frame]
    if lacking:
        raise DataError(f"{path} has no column {listed(lacking)}; restore it from a copy")
    return frame


def _mistakes(path: Path, classes: Sequence[str]) -> tuple[int | None, tuple[Mistake, ...]]:
    """The wrong decisions in a predictions.csv: their number, and those whose true class got the least probability."""
    if not path.is_file():
        return None, ()
    frame = read_cells(path, ["path", "label", "patient", "decision", *(f"probability_{name}" for name in classes)])
    wrong = [_mistake(row) for row in frame.loc[frame["decision"] != frame["label"]].to_dict("records")]
    return len(wrong), tuple(sorted(wrong, key=lambda mistake: mistake.true_probability)[:_MISTAKES])


def _mistake(row: Mapping[Hashable, str]) -> Mistake:
    return Mistake(
        file_name(row["path"]),
        row["patient"],
        row["label"],
        row["decision"],
        float(row[f"probability_{row['label']}"]),
        float(row[f"probability_{row['decision']}"]),
    )
