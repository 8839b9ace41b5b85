"""`Evaluation`: how good probabilities are, by every metric, each with an interval that allows for patients.

Of two classes, the metrics describe the positive one. Of more, each class is judged against the rest, and the figure
for all is the mean over the classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError, listed, suggest
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.checks import SUM_TOLERANCE, require_finite, require_probabilities, require_threshold
from chestnut.evaluation.details.details import Details
from chestnut.evaluation.details.rows import details_html
from chestnut.evaluation.estimates import Images, estimate_all
from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.metric_names import CLASS_METRICS, METRICS, SHOWN, heading
from chestnut.evaluation.notes import write_notes
from chestnut.evaluation.patient_tally import cross_entropy, decision_figures, mean_figures
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.ranking_metrics import Ranking
from chestnut.evaluation.set_figures import SetFigures
from chestnut.evaluation.subgroups import Subgroups

#: The name of the ways in which `evaluate` makes intervals (see `estimates`), and of those before them.
INTERVALS = "patients-2"
_EARLIER = "percentile"


@dataclass(frozen=True)
class Evaluation:
    """How good the probabilities of a split are.

    Attributes:
        images: The number of images.
        patients: The number of patients.
        classes: The class names in the order of the probabilities.
        positive: The positive class of two, which the metrics describe; None for more than two.
        threshold: The least probability of the positive class at which an image is decided positive; None for more
            than two classes, of which the likeliest is decided.
        counts: The number of images of each class.
        metrics: Each of `METRICS`.
        per_class: Each of `CLASS_METRICS` for each class against the rest; empty for two classes.
        confusion: The number of images of each true class (row) and decided class (column).
        resamples: The number of resamples behind the interval of the calibration error.
        seed: The seed of what is drawn for intervals.
        notes: What a reader must know before believing the figures, in sentences.
        sets: The figures of prediction sets; None where none were asked for.
        subgroups: The figures of the groups of each column that was asked for.
        details: What a paper reports beside the metrics; None where it was not computed.
        intervals: The name of the ways in which the intervals were made: `INTERVALS`, or "percentile" for percentiles
            of resamples, which are often too narrow.
    """

    images: int
    patients: int
    classes: tuple[str, ...]
    positive: str | None
    threshold: float | None
    counts: dict[str, int]
    metrics: dict[str, Estimate]
    per_class: dict[str, dict[str, Estimate]]
    confusion: tuple[tuple[int, ...], ...]
    resamples: int
    seed: int
    notes: tuple[str, ...] = ()
    sets: SetFigures | None = None
    subgroups: tuple[Subgroups, ...] = ()
    details: Details | None = None
    intervals: str = INTERVALS

    def summary(self, metric: str, label: str | None = None) -> str:
        """Return a metric with its interval as text, such as "0.943 (0.921–0.962)".

        Args:
            metric: The metric, one of `METRICS`.
            label: A class, for its metric against the rest; only for more than two classes.

        Raises:
            DataError: There is no such metric or class.
        """
        if label is not None and label not in self.per_class:
            hint = suggest(label, self.per_class) if self.per_class else "leave it out for two classes"
            raise DataError(f"class {label!r} has no metrics of its own; {hint}")
        known = self.metrics if label is None else self.per_class[label]
        if metric not in known:
            raise DataError(f"no metric {metric!r}; {suggest(metric, known)}")
        return str(known[metric])

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation for JSON. The keys are the attributes of this class, and `confidence`.

        A metric is `{"value", "low", "high", "undefined"}`: the figure and the ends of its 95 % interval, null where
        there is no figure or no interval. An infinite figure has a lower end alone. `undefined` is 0, but for intervals
        of earlier versions, where it is the number of resamples in which the figure was undefined.
        """
        return {
            "images": self.images,
            "patients": self.patients,
            "classes": list(self.classes),
            "positive": self.positive,
            "threshold": self.threshold,
            "counts": dict(self.counts),
            "metrics": _write(self.metrics),
            "per_class": {label: _write(figures) for label, figures in self.per_class.items()},
            "confusion": [list(row) for row in self.confusion],
            "resamples": self.resamples,
            "seed": self.seed,
            "confidence": CONFIDENCE,
            "intervals": self.intervals,
            "notes": list(self.notes),
            "sets": None if self.sets is None else self.sets.to_dict(),
            "subgroups": [one.to_dict() for one in self.subgroups],
            "details": None if self.details is None else self.details.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Evaluation:
        """Read what `to_dict` returned.

        A metric that follows from the confusion matrix is computed where the values lack it, without an interval, so
        that evaluations of older versions can be read.

        Raises:
            DataError: The values do not describe an evaluation.
        """
        try:
            read = cls(
                **{name: values[name] for name in ("images", "patients", "positive", "threshold", "resamples", "seed")},
                classes=tuple(values["classes"]),
                counts=dict(values["counts"]),
                metrics=_read(values["metrics"]),
                per_class={label: _read(figures) for label, figures in values["per_class"].items()},
                confusion=tuple(tuple(row) for row in values["confusion"]),
                notes=tuple(values["notes"]),
                sets=SetFigures.from_dict(values["sets"]) if values.get("sets") else None,
                subgroups=tuple(map(Subgroups.from_dict, values.get("subgroups", ()))),
                details=Details.from_dict(values["details"]) if values.get("details") else None,
                intervals=str(values.get("intervals", _EARLIER)),
            )
            missing = set(METRICS) - set(read.metrics)
            return replace(read, **_add_decision_figures(read)) if missing else read
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise DataError(f"not an evaluation ({error!r}); evaluate the run again") from error

    def _repr_html_(self) -> str:
        decided = "" if self.threshold is None else f"; {self.positive} from a probability of {self.threshold:g}"
        title = f"{self.images:,} images of {self.patients:,} patients{decided}"
        parts = list(self.per_class.values())
        rows = [
            (heading(name), self.metrics[name], *(part.get(name) for part in parts))
            for name in SHOWN
            if name in self.metrics
        ]
        columns = ("metric", f"all ({CONFIDENCE:.0%} interval)", *self.per_class)
        table = html_table(rows, columns, title)
        cells = [(name, *row) for name, row in zip(self.classes, self.confusion, strict=True)]
        decisions = [f"decided {name}" for name in self.classes]
        confusion = html_table(cells, ("true class", *decisions), notes=self.notes)
        groups = "".join(one._repr_html_() for one in self.subgroups)
        return table + confusion + details_html(self.details) + groups


def _write(figures: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: figure.to_dict() for name, figure in figures.items()}


def _read(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Estimate]:
    return {name: Estimate(**figure) for name, figure in figures.items()}


def _add_decision_figures(evaluation: Evaluation) -> dict[str, Any]:
    """Return the metrics of an evaluation, completed by those that its confusion matrix gives."""
    confusion = np.array(evaluation.confusion, dtype=np.float64)[:, :, None]
    numbers = range(len(evaluation.classes))
    if evaluation.positive is not None:
        numbers = range(number := evaluation.classes.index(evaluation.positive), number + 1)
    views = [decision_figures(confusion, number) for number in numbers]
    if len(views) == 1:
        return {"metrics": _complete(evaluation.metrics, views[0])}
    present = [view for number, view in zip(numbers, views, strict=True) if confusion[number].any()]
    parts = dict(zip(evaluation.classes, views, strict=True))
    return {
        "metrics": _complete(evaluation.metrics, mean_figures(present)),
        "per_class": {name: _complete(figures, parts[name]) for name, figures in evaluation.per_class.items()},
    }


def _complete(figures: Mapping[str, Estimate], known: Mapping[str, Floats]) -> dict[str, Estimate]:
    values = {name: float(value[0]) for name, value in known.items()}
    return {name: Estimate(value if np.isfinite(value) else None) for name, value in values.items()} | dict(figures)


def decide(probabilities: npt.ArrayLike, threshold: float = 0.5, positive: int = 1) -> Ints:
    """Decide the class of each image.

    Args:
        probabilities: Shape (n, k).
        threshold: The least probability, in 0..1, at which the positive class of two is decided; of more than two
            classes, the likeliest is decided whatever the threshold.
        positive: The number of the positive class of two.

    Returns:
        Class numbers, shape (n,).

    Raises:
        DataError: A probability or the threshold is not a number from 0 to 1.

    >>> decide([[0.6, 0.4], [0.4, 0.6]], threshold=0.4).tolist()
    [1, 1]
    """
    values, threshold = require_probabilities(probabilities), require_threshold(threshold)
    if values.shape[1] != 2:
        return np.asarray(values.argmax(axis=1), dtype=np.int64)
    return np.where(values[:, positive] >= threshold, positive, 1 - positive).astype(np.int64)


def point_metrics(targets: npt.ArrayLike, probabilities: npt.ArrayLike) -> dict[str, float]:
    """Compute the few metrics that are wanted after every epoch, without intervals.

    Args:
        targets: Class numbers, shape (n,).
        probabilities: Shape (n, k); the second of two classes is the positive one, decided from 0.5 up.

    Returns:
        `loss`, `accuracy`, `balanced_accuracy` and `auroc` as `METRICS` defines them; NaN where undefined, and all NaN
        where a probability is not finite, as when training has diverged.

    Raises:
        DataError: The targets or the probabilities are not what `evaluate` takes.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if values.size and not np.isfinite(values).all():
        return dict.fromkeys(("loss", "accuracy", "balanced_accuracy", "auroc"), float("nan"))
    truth, values = _check_arrays(targets, values)
    right = decide(values) == truth
    present = np.unique(truth)
    found = {"loss": cross_entropy(truth, values).mean(), "accuracy": right.mean()}
    if len(present) == 1:
        return {
            name: float(figure) for name, figure in (found | {"balanced_accuracy": np.nan, "auroc": np.nan}).items()
        }
    alone, once = np.zeros(len(truth), dtype=np.int64), np.ones((1, 1))
    views = [1] if values.shape[1] == 2 else present
    found["balanced_accuracy"] = np.mean([right[truth == k].mean() for k in present])
    found["auroc"] = np.mean([Ranking.of(truth == k, values[:, k], alone).areas(once)[0] for k in views])
    return {name: float(figure) for name, figure in found.items()}


def evaluate(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    classes: Sequence[str],
    positive: str | None = None,
    threshold: float = 0.5,
    resamples: int = 2000,
    seed: int = 0,
) -> Evaluation:
    """Judge probabilities by every metric, each with a 95 % interval.

    An interval allows for images of one patient being alike, and for what a few patients cannot show; so it has a width
    where all images are right, too. `estimates` says which way belongs to which metric; for a single patient there are
    no intervals. For more than two classes, a figure is the mean over the classes that have images, each against the
    rest, that of the calibration error too (classwise, Kull 2019, arXiv:1910.12656).

    Args:
        targets: Class numbers, shape (n,), in 0..k-1.
        probabilities: Shape (n, k), rows summing to 1.
        patients: Identities, shape (n,).
        classes: The k class names in the order of the probabilities.
        positive: The positive class of two; None for the last of two, and for more than two.
        threshold: The least probability, in 0..1, at which the positive class of two is decided.
        resamples: The number of resamples behind the interval of the calibration error.
        seed: The seed of what is drawn for intervals; equal seeds give equal ones, whatever the order of the images.

    Raises:
        DataError: There are no images, shapes or numbers do not fit, or the positive class is unknown.

    >>> result = evaluate([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["a", "b", "c"], ["NORMAL", "PNEUMONIA"])
    >>> result.metrics["auroc"].value, result.confusion
    (1.0, ((1, 0), (1, 1)))
    """
    truth, values = _check_arrays(targets, probabilities)
    names = tuple(classes)
    number, binary = _positive_number(names, positive, values.shape[1]), len(names) == 2
    owners, distinct = number_patients(patients)
    _check_fit(owners, truth, threshold)
    images = Images(truth, decide(values, threshold, number), values, owners, number)
    overall, *each = estimate_all(images, resamples, seed)
    if distinct == 1:
        overall, each = _drop_intervals(overall), [_drop_intervals(figures) for figures in each]
    return Evaluation(
        images=len(truth),
        patients=distinct,
        classes=names,
        positive=names[number] if binary else None,
        threshold=float(threshold) if binary else None,
        counts={name: int((truth == k).sum()) for k, name in enumerate(names)},
        metrics={name: overall[name] for name in METRICS},
        per_class={
            name: {metric: one[metric] for metric in CLASS_METRICS} for name, one in zip(names, each, strict=False)
        },
        confusion=tuple(tuple(row) for row in images.confusion.tolist()),
        resamples=resamples,
        seed=seed,
        notes=tuple(write_notes(names, truth, owners, overall)),
    )


def _drop_intervals(figures: Mapping[str, Estimate]) -> dict[str, Estimate]:
    return {name: Estimate(figure.value) for name, figure in figures.items()}


def _check_arrays(targets: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Ints, Floats]:
    truth, values = np.asarray(targets), np.asarray(probabilities, dtype=np.float64)
    if truth.size == 0:
        raise DataError("no images to evaluate; give at least one with its target and probabilities")
    if values.ndim != 2 or truth.shape != values.shape[:1] or values.shape[1] < 2:
        raise DataError(f"targets of shape {truth.shape}, probabilities {values.shape}; give (n,) and (n, classes)")
    if not np.issubdtype(truth.dtype, np.integer):
        raise DataError(f"targets are {truth.dtype}; give whole numbers, the positions of the classes")
    if truth.min() < 0 or truth.max() >= values.shape[1]:
        wrong = truth.min() if truth.min() < 0 else truth.max()
        raise DataError(f"a target is {wrong}; label every image with a class from 0 to {values.shape[1] - 1}")
    sums = require_finite(values, "probabilities").sum(axis=1)
    if not (values.min() >= 0 and np.abs(sums - 1).max() <= SUM_TOLERANCE):
        given = f"from {values.min():.4g}, rows summing to {sums.min():.4g} to {sums.max():.4g}"
        raise DataError(f"probabilities {given}; give none below 0 and rows that sum to 1")
    return truth.astype(np.int64), values


def _check_fit(owners: Ints, truth: Ints, threshold: float) -> None:
    if len(owners) != len(truth):
        raise DataError(f"{len(owners)} patients for {len(truth)} images; give every image its patient")
    require_threshold(threshold)


def _positive_number(classes: tuple[str, ...], positive: str | None, columns: int) -> int:
    if len(classes) != columns or len(set(classes)) != columns:
        raise DataError(f"classes {listed(classes)} for {columns} columns of probabilities; name each column once")
    if positive is None:
        return columns - 1
    if columns > 2:
        raise DataError(f"positive class {positive!r} among {columns}; name one where there are two, none otherwise")
    if positive not in classes:
        raise DataError(f"positive class {positive!r} is not in the data; {suggest(positive, classes)}")
    return classes.index(positive)
