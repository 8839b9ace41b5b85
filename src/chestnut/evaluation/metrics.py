"""`Evaluation`: how good probabilities are, every metric with an interval by bootstrap over patients.

May be called by every room above `config`; calls `calibration`, `intervals`, `ranking` and `tally`. Two classes are
judged by the probability of the positive one; more than two each against the rest, and by the mean over those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError, listed, suggest
from chestnut.evaluation.calibration import error_estimate
from chestnut.evaluation.intervals import CONFIDENCE, Estimate, Floats, Ints, bootstrap, estimate_of, number_patients
from chestnut.evaluation.patient_tally import Tally, cross_entropy
from chestnut.evaluation.ranking_metrics import Ranking

#: Every metric and what it is. Unless it says otherwise, the figure for more than two classes is the plain mean, over
#: the classes that have images, of each against the rest; a mean with an undefined part, or of one class, is undefined.
METRICS: dict[str, str] = {
    "loss": "cross-entropy in nats, probabilities clipped to 1.2e-7..1 (the rounding of float32)",
    "accuracy": "share of images decided rightly",
    "balanced_accuracy": "mean over the classes of the share of their images decided rightly",
    "sensitivity": "share of the positive images decided positive (recall); undefined without positive images",
    "specificity": "share of the negative images decided negative; undefined without negative images",
    "precision": "share of the images decided positive that are; undefined where none is decided positive",
    "f1": "harmonic mean of precision and sensitivity, 2TP/(2TP+FP+FN); undefined without positive images",
    "auroc": "area under the ROC curve, ties counting half; undefined unless both classes are present",
    "auprc": "average precision, the step-wise area under the precision-recall curve; undefined as auroc is",
    "brier": "mean squared error of the probability, 0..1; summed over more than two classes, 0..2 (Brier 1950)",
    "calibration_error": "mean gap between predicted and observed share in up to 15 bins of equal mass (ECE)",
    "mcc": "Matthews correlation, for more than two classes Gorodkin's R_K (2004); undefined where one class is all",
}

#: The metrics that each class has against the rest, where there are more than two classes.
CLASS_METRICS = ("sensitivity", "specificity", "precision", "f1", "auroc", "auprc", "brier", "calibration_error", "mcc")

# Cameron, Gelbach and Miller 2008, Review of Economics and Statistics 90(3):414-427: "few" clusters are five to thirty.
_FEW_PATIENTS = 30
# Loose enough for float16 outputs of many classes, tight enough to catch logits and scores.
_SUM_TOLERANCE = 1e-2


@dataclass(frozen=True)
class Evaluation:
    """How good the probabilities of a split are.

    Attributes:
        images: Number of images.
        patients: Number of patients.
        classes: Class names in the order of the probabilities.
        positive: The class that the metrics of two are about; None for more than two.
        threshold: Least probability of the positive class to decide for it; None where the likeliest class is decided.
        counts: Images of each class.
        metrics: Each of `METRICS`.
        per_class: Each of `CLASS_METRICS` for each class against the rest; empty for two classes.
        confusion: Image counts, a row for each true class and a column for each decided one.
        resamples: Number of resamples behind the intervals.
        seed: Their seed.
        notes: What to know before believing the figures, in sentences.
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

    def summary(self, metric: str, label: str | None = None) -> str:
        """A metric as text, such as "0.943 (0.921–0.962)"; of one class against the rest where `label` is given.

        Raises:
            DataError: No such metric or class.
        """
        if label is not None and label not in self.per_class:
            hint = suggest(label, self.per_class) if self.per_class else "two classes share theirs, so leave it out"
            raise DataError(f"no figures of class {label!r} alone; {hint}")
        known = self.metrics if label is None else self.per_class[label]
        if metric not in known:
            raise DataError(f"no metric {metric!r}; {suggest(metric, known)}")
        return str(known[metric])

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the keys are this class's attributes, with `confidence` beside `resamples`.

        A metric is `{"value", "low", "high", "undefined"}`: the figure, the ends of its 95 % interval and the number of
        resamples without one; null where there is no figure.
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
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Evaluation:
        """The inverse of `to_dict`.

        Raises:
            DataError: The values are not those of an evaluation.
        """
        try:
            return cls(
                **{name: values[name] for name in ("images", "patients", "positive", "threshold", "resamples", "seed")},
                classes=tuple(values["classes"]),
                counts=dict(values["counts"]),
                metrics=_read(values["metrics"]),
                per_class={label: _read(figures) for label, figures in values["per_class"].items()},
                confusion=tuple(tuple(row) for row in values["confusion"]),
                notes=tuple(values["notes"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"not an evaluation ({error!r} when read); make it anew with chestnut evaluate") from error


def _write(figures: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: figure.to_dict() for name, figure in figures.items()}


def _read(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Estimate]:
    return {name: Estimate(**figure) for name, figure in figures.items()}


def decide(probabilities: npt.ArrayLike, threshold: float = 0.5, positive: int = 1) -> Ints:
    """Decide the class of each image.

    Args:
        probabilities: Shape (n, k).
        threshold: Of two classes, the positive one is decided where its probability is at least this, in 0..1; of more
            than two the likeliest, whatever the threshold.
        positive: Number of the positive class of two.

    Returns:
        Class numbers, shape (n,).

    >>> decide([[0.6, 0.4], [0.4, 0.6]], threshold=0.4).tolist()
    [1, 1]
    """
    values = np.asarray(probabilities)
    if values.shape[1] != 2:
        return np.asarray(values.argmax(axis=1), dtype=np.int64)
    return np.where(values[:, positive] >= threshold, positive, 1 - positive).astype(np.int64)


def point_metrics(targets: npt.ArrayLike, probabilities: npt.ArrayLike) -> dict[str, float]:
    """The few metrics that are wanted after every epoch, without intervals.

    Args:
        targets: Class numbers, shape (n,).
        probabilities: Shape (n, k); the second of two classes is the positive one, decided from 0.5 up.

    Returns:
        `loss`, `accuracy`, `balanced_accuracy` and `auroc` as `METRICS` says; NaN where undefined, and all NaN where a
        probability is not finite, as when training has diverged.

    Raises:
        DataError: As `evaluate`.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if values.size and not np.isfinite(values).all():
        return dict.fromkeys(("loss", "accuracy", "balanced_accuracy", "auroc"), float("nan"))
    truth, values = _checked(targets, values)
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
    """Judge probabilities by every metric, each with a 95 % interval by bootstrap over patients.

    Intervals are percentiles of the resamples that have a figure; `calibration.error_estimate` says which one differs.
    Means over more than two classes are of each against the rest, the calibration error's too (classwise, Kull 2019,
    arXiv:1910.12656). They leave out a class without images; a resample that misses any other has none.

    Args:
        targets: Class numbers, shape (n,), in 0..k-1.
        probabilities: Shape (n, k), rows summing to 1.
        patients: Identities, shape (n,).
        classes: The k class names in the order of the probabilities.
        positive: The positive class of two; the last where not named. None for more than two.
        threshold: Least probability of the positive class of two to decide for it, in 0..1.
        resamples: Number of resamples behind the intervals.
        seed: Equal seeds give equal intervals, whatever the order of the images.

    Raises:
        DataError: No images, shapes or numbers that do not fit, or an unknown positive class.
    """
    truth, values = _checked(targets, probabilities)
    names = tuple(classes)
    number, binary = _positive_number(names, positive, values.shape[1]), len(names) == 2
    owners, distinct = number_patients(patients)
    _check_fit(owners, truth, threshold)
    tally = Tally.of(truth, values, decide(values, threshold, number), owners, number)
    overall, *labelled = _estimates(tally, distinct, len(truth), resamples, seed)
    return Evaluation(
        images=len(truth),
        patients=distinct,
        classes=names,
        positive=names[number] if binary else None,
        threshold=float(threshold) if binary else None,
        counts={name: int((truth == k).sum()) for k, name in enumerate(names)},
        metrics={name: overall[name] for name in METRICS},
        per_class=dict(zip(names, labelled, strict=False)),
        confusion=tuple(tuple(row) for row in tally.cells.sum(axis=1).astype(int).reshape(len(names), -1).tolist()),
        resamples=resamples,
        seed=seed,
        notes=tuple(_notes(names, truth, owners, overall, resamples)),
    )


def _checked(targets: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Ints, Floats]:
    truth, values = np.asarray(targets), np.asarray(probabilities, dtype=np.float64)
    if truth.size == 0:
        raise DataError("no images to judge; give at least one with its target and probabilities")
    if values.ndim != 2 or truth.shape != values.shape[:1] or values.shape[1] < 2:
        raise DataError(f"targets of shape {truth.shape}, probabilities {values.shape}; give (n,) and (n, classes)")
    if not np.issubdtype(truth.dtype, np.integer):
        raise DataError(f"targets are {truth.dtype}; give whole numbers, the places of the classes")
    if truth.min() < 0 or truth.max() >= values.shape[1]:
        wrong = truth.min() if truth.min() < 0 else truth.max()
        raise DataError(f"a target is {wrong}; label every image with a class from 0 to {values.shape[1] - 1}")
    sums = values.sum(axis=1)
    if not (values.min() >= 0 and np.abs(sums - 1).max() <= _SUM_TOLERANCE):
        given = f"from {values.min():.4g}, rows summing to {sums.min():.4g} to {sums.max():.4g}"
        raise DataError(f"probabilities {given}; give none below 0 and rows that sum to 1")
    return truth.astype(np.int64), values


def _check_fit(owners: Ints, truth: Ints, threshold: float) -> None:
    if len(owners) != len(truth):
        raise DataError(f"{len(owners)} patients for {len(truth)} images; give every image its patient")
    if not 0 <= threshold <= 1:
        raise DataError(f"threshold {threshold}; give a probability from 0 to 1")


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


def _estimates(tally: Tally, patients: int, images: int, draws: int, seed: int) -> list[dict[str, Estimate]]:
    """The figures of all classes together, then of each where there are more than two, with their intervals."""
    point = tally.figures(np.ones((patients, 1)))

    def stacked(counts: Floats) -> Floats:
        return np.stack([figure for group in tally.figures(counts) for figure in group.values()])

    samples = bootstrap(stacked, patients, images, draws, seed)
    if patients == 1:  # every resample is the sample, which says nothing of its doubt
        samples[:] = np.nan
    rows = iter(samples)
    found = []
    for group in point:
        drawn = {name: next(rows) for name in group}
        noise = drawn.pop("calibration_noise")
        figures = {name: estimate_of(float(group[name][0]), sample) for name, sample in drawn.items()}
        error = "calibration_error"
        if figures[error].low is not None:
            figures[error] = error_estimate(float(group[error][0]), drawn[error], noise)
        found.append({name: figures[name] for name in figures if group is point[0] or name in CLASS_METRICS})
    return found


def _notes(
    classes: tuple[str, ...], targets: Ints, owners: Ints, metrics: dict[str, Estimate], resamples: int
) -> Iterator[str]:
    patients = {name: len(np.unique(owners[targets == k])) for k, name in enumerate(classes)}
    total = int(owners.max()) + 1

    def named(condition: Callable[[Estimate], bool]) -> str:
        return _joined(name for name in METRICS if condition(metrics[name]))

    if absent := [name for name, number in patients.items() if not number]:
        yield f"No image of {listed(absent)}: what needs one is undefined, and means over classes leave it out."
    if undefined := named(lambda e: e.value is None):
        yield f"Undefined on these images: {undefined}."
    if total == 1:
        yield "All images are of one patient, so there are no intervals."
        return
    few = [f"{number} with {name}" for name, number in patients.items() if 0 < number < _FEW_PATIENTS]
    if total < _FEW_PATIENTS:
        yield f"Only {total} patients are behind the intervals; with under {_FEW_PATIENTS} they tend to be too narrow."
    elif few:
        yield f"Only {listed(few)} of {total} patients; intervals that rest on so few tend to be too narrow."
    if partly := named(lambda e: e.value is not None and e.undefined > 0):
        worst = max(metrics[name].undefined for name in METRICS if metrics[name].value is not None)
        yield f"Undefined in up to {worst:,} of {resamples:,} resamples, intervals from the others: {partly}."
    if steady := named(lambda e: e.low is not None and e.low == e.high):
        yield f"The same in every resample, so that the interval has no width and shows no doubt: {steady}."


def _joined(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
