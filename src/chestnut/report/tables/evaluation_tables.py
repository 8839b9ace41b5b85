"""The tables of one evaluation: metrics, confusion, calibration, details and subgroups."""

from __future__ import annotations

from collections.abc import Iterator

from chestnut.evaluation.curves import reliability
from chestnut.evaluation.details.rows import detail_notes, detail_rows
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import SHOWN, heading
from chestnut.evaluation.metrics import Evaluation
from chestnut.evaluation.subgroups import Subgroups
from chestnut.report.tables.table import Cell, Table
from chestnut.runs.evaluations import read_evaluation
from chestnut.runs.folder import RunFolder

_NAMES = {"test": "test images", "val": "validation images", "train": "training images"}
_FIGURES = ("auroc", "sensitivity", "specificity", "accuracy")


def evaluation_tables(run: RunFolder, name: str) -> Iterator[Table]:
    """Yield the tables of an evaluation; those that need predictions are left out where none are saved.

    Args:
        run: The run.
        name: The name of the evaluation.

    Raises:
        RunError: A file was changed.
        DataError: A file is damaged.
    """
    found = read_evaluation(run, name)
    yield _metrics(name, found)
    yield from _confusion(name, found)
    yield from _calibration(run, name, found)
    if found.details is not None and found.details.classes:
        rows = [(row.name, *row.cells) for row in detail_rows(found.details)]
        columns = ("figure", *found.details.classes)
        yield Table.of(
            f"details-{name}", f"Further figures, {name_images(name)}", columns, rows, detail_notes(found.details)
        )
    if found.subgroups:
        yield _subgroups(name, found.subgroups)


def name_images(name: str) -> str:
    """Return what the images of an evaluation are called in a title."""
    return _NAMES.get(name, name)


def _metrics(name: str, found: Evaluation) -> Table:
    parts = found.per_class
    rows: list[list[Cell]] = [
        [heading(metric), found.metrics[metric], *(figures.get(metric) for figures in parts.values())]
        for metric in SHOWN
        if metric in found.metrics
    ]
    which = [f"Positive is {found.positive}, from a probability of {found.threshold:.4g}."] if found.positive else []
    notes = [f"{found.images:,} images of {found.patients:,} patients; 95 % intervals.", *which, *found.notes]
    columns = ["metric", "mean of classes" if parts else "figure", *parts]
    return Table.of(f"metrics-{name}", f"Metrics, {name_images(name)}", columns, rows, notes)


def _confusion(name: str, found: Evaluation) -> Iterator[Table]:
    if not found.confusion:
        return
    rows: list[list[Cell]] = []
    for label, row in zip(found.classes, found.confusion, strict=True):
        total = sum(row)
        shares: list[Cell] = [number / total if total else None for number in row]
        rows.append([label, total, *row, *shares])
    decided = [f"decided {label}" for label in found.classes]
    columns = ["true class", "images", *decided, *(f"share {text}" for text in decided)]
    yield Table.of(
        f"confusion-{name}", f"Confusion matrix, {name_images(name)}", columns, rows, ["Shares of the true class."]
    )


def _calibration(run: RunFolder, name: str, found: Evaluation) -> Iterator[Table]:
    if not (run.evaluation(name) / "predictions.csv").exists():
        return
    held = run.predictions(name, found.classes)
    shown = [found.positive] if found.positive is not None else list(found.classes)
    rows: list[list[Cell]] = []
    for label in shown:
        number = found.classes.index(str(label))
        truth = held.targets == number
        if truth.all() or not truth.any():
            continue
        curve = reliability(truth, held.probabilities[:, number], held.patients)
        lows, highs = curve.low or (None,) * len(curve.counts), curve.high or (None,) * len(curve.counts)
        ends = zip(curve.counts, curve.predicted, curve.observed, lows, highs, strict=True)
        rows += [
            [str(label), bin_, images, predicted, Estimate(observed, low, high)]
            for bin_, (images, predicted, observed, low, high) in enumerate(ends, start=1)
        ]
    if rows:
        columns = ["class", "bin", "images", "mean probability", "observed share"]
        yield Table.of(
            f"calibration-{name}", f"Calibration, {name_images(name)}", columns, rows, ["Bins of about equal size."]
        )


def _subgroups(name: str, found: tuple[Subgroups, ...]) -> Table:
    rows: list[list[Cell]] = []
    for one in found:
        for group in one.groups:
            figures: list[Cell] = []
            for figure in _FIGURES:
                difference = group.differences.get(figure)
                figures += [group.metrics.get(figure), None if difference is None else difference.estimate]
                figures.append(None if difference is None else difference.adjusted)
            rows.append([one.column, group.name, group.images, group.patients, *figures])
    columns = ["column", "group", "images", "patients"]
    for figure in _FIGURES:
        columns += [heading(figure), f"{heading(figure)} less others", f"p of {heading(figure)}"]
    kept = [at for at in range(len(columns)) if at < 4 or any(row[at] is not None for row in rows)]
    notes = [
        "p values are corrected by Holm for all groups, columns and figures.",
        *(s for one in found for s in one.sentences),
    ]
    return Table.of(
        f"subgroups-{name}",
        f"Subgroups, {name_images(name)}",
        [columns[at] for at in kept],
        [[row[at] for at in kept] for row in rows],
        notes,
    )
