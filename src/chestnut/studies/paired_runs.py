"""`RunComparison`: two runs compared on the images of a split that both of them have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chestnut.data.manifest import Manifest
from chestnut.data.overlap import find_overlap, find_shared
from chestnut.errors import DataError, listed
from chestnut.evaluation.arrays import Ints
from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.metric_names import SMALLER_IS_BETTER, heading
from chestnut.evaluation.paired.difference import difference_of
from chestnut.evaluation.paired.question import Question
from chestnut.evaluation.paired.verdict import Verdict
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.seen import Seen
from chestnut.inference.bundle import Bundle
from chestnut.inference.evaluate import enter_own_look, evaluate_run
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable

_WORDS = {"test": "test images", "val": "validation images"}


@dataclass(frozen=True)
class RunComparison:
    """Two runs compared on the same images.

    Attributes:
        first: The folder of the first run.
        second: The folder of the second run.
        names: What the sentences call them.
        split: `test` or `val`.
        images: The number of images that both runs have in that split.
        patients: The number of their patients.
        left_out: The number of images of each run's split that the other does not have in its own.
        verdicts: The comparison by each metric.
        notes: What to know before believing it.
    """

    first: str
    second: str
    names: tuple[str, str]
    split: str
    images: int
    patients: int
    left_out: tuple[int, int]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the comparison by each metric says."""
        return tuple(verdict.describe(*self.names) for verdict in self.verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison for JSON; the keys are the attributes, without `names`."""
        described = zip(self.verdicts, self.sentences, strict=True)
        return {
            "first": self.first,
            "second": self.second,
            "split": self.split,
            "images": self.images,
            "patients": self.patients,
            "left_out": list(self.left_out),
            "verdicts": [{**verdict.to_dict(), "sentence": sentence} for verdict, sentence in described],
            "notes": list(self.notes),
        }

    def _repr_html_(self) -> str:
        rows = [(heading(one.metric), one.first, one.second, one.difference.estimate) for one in self.verdicts]
        title = f"{self.images:,} {_WORDS[self.split]} of {self.patients:,} patients"
        columns = ("metric", *self.names, "first ahead by")
        return html_table(rows, columns, title, (*self.sentences, *self.notes))


def compare_runs(
    first: RunFolder,
    second: RunFolder,
    question: Question,
    *,
    command: str = "chestnut.compare_runs",
    bars: Bars = silent,
) -> RunComparison:
    """Compare two runs, patient by patient, on the images of a split that both of them have.

    A run that has no evaluation of that split with its present network is evaluated. A look at test images enters both
    ledgers.

    Args:
        first: A trained run.
        second: Another one.
        question: The split, the metrics, and a margin.
        command: The command to name in the ledgers.
        bars: Shows the progress.

    Raises:
        DataError: The runs are one, tell other classes apart or share no images; a shared
            image has two labels, or is a training image of the other run; or a class has fewer than two patients.
        BundleError: A bundle is missing or was changed.
    """
    split, metrics = question.split, question.metrics
    bundles = read_run_bundle(first), read_run_bundle(second)
    _check_runs((first, second), bundles)
    parts = tuple(run.manifest.only(split) for run in (first, second))
    rows = find_shared(*parts)
    _check_images((first, second), parts, rows, split)
    _check_patients(parts[0].take(rows[0]), bundles[0].classes)
    tables, notes = [], []
    for run, bundle in zip((first, second), bundles, strict=True):
        table, note = _read_or_evaluate(run, bundle, split, command, bars)
        tables.append(table)
        notes += [f"{run.name}: {note}"] if note else []
    truth, patients, probabilities = _join(parts, rows, tables)
    owners, distinct = number_patients(patients)
    seen = [
        Seen(truth, values, owners, bundle.threshold, len(bundle.classes) - 1)
        for values, bundle in zip(probabilities, bundles, strict=True)
    ]
    if len(metrics) > 1:
        notes.append("p values are not corrected for the number of metrics; decide by which to judge beforehand")
    return RunComparison(
        str(first.path),
        str(second.path),
        _names(first, second),
        split,
        len(truth),
        distinct,
        (len(parts[0]) - len(truth), len(parts[1]) - len(truth)),
        tuple(_judge(name, seen[0], seen[1], question.margin) for name in metrics),
        tuple(notes),
    )


def _judge(metric: str, first: Seen, second: Seen, margin: float | None) -> Verdict:
    ahead = first.figure(metric) - second.figure(metric)
    found = difference_of(ahead.scaled(-1) if metric in SMALLER_IS_BETTER else ahead)
    return Verdict(metric, first.estimate(metric), second.estimate(metric), found, margin)


def _names(first: RunFolder, second: RunFolder) -> tuple[str, str]:
    return (first.name, second.name) if first.name != second.name else (str(first.path), str(second.path))


def _check_runs(runs: tuple[RunFolder, RunFolder], bundles: tuple[Bundle, Bundle]) -> None:
    first, second = runs
    same = bundles[0].weights == bundles[1].weights and bundles[0].threshold == bundles[1].threshold
    if first.path.resolve() == second.path.resolve() or same:
        raise DataError(f"{first.path} and {second.path} have the same network; give two different runs")
    if bundles[0].classes != bundles[1].classes:
        classes = (listed(bundle.classes) for bundle in bundles)
        raise DataError(
            f"{first.path} tells {next(classes)} apart, {second.path} {next(classes)}; give runs of the same classes"
        )


def _check_images(
    runs: tuple[RunFolder, RunFolder], parts: tuple[Manifest, ...], rows: tuple[Ints, Ints], split: str
) -> None:
    """Check that the runs share images, with the same labels, and that neither was trained on those of the other."""
    for one, other in ((0, 1), (1, 0)):
        part = parts[one]
        learnt = find_overlap(runs[other].manifest, part.paths, list(part.frame["sha256"])).counts["train"]
        if learnt:
            raise DataError(
                f"{learnt} of the {len(part)} {_WORDS[split]} of {runs[one].path} were training images of "
                f"{runs[other].path}; give runs of the same split: the same data and split seed"
            )
    if not len(rows[0]):
        raise DataError(
            f"{runs[0].path} and {runs[1].path} share no {_WORDS[split]}; give runs of the same data and split seed"
        )
    labels = [part.frame["label"].to_numpy(dtype=str)[at] for part, at in zip(parts, rows, strict=True)]
    if different := int((labels[0] != labels[1]).sum()):
        raise DataError(f"{different} of the {len(rows[0])} shared images have another label in {runs[1].path}")


def _read_or_evaluate(
    run: RunFolder, bundle: Bundle, split: str, command: str, bars: Bars
) -> tuple[PredictionTable, str]:
    """Return the predictions of a split by the present network, and a note on the look at it."""
    if not _is_present(run, bundle, split):
        found = evaluate_run(run, split, command=command, bars=bars)
        note = next((note for note in found.notes if note.startswith(("look", "held out"))), "")
        return run.predictions(split, bundle.classes), note
    table = run.predictions(split, bundle.classes)
    return table, enter_own_look(run, command, bundle.weights, len(table.frame)) if split == "test" else ""


def _is_present(run: RunFolder, bundle: Bundle, split: str) -> bool:
    """Return whether a split was evaluated with the network, the temperature and the threshold that a run has now."""
    if split not in run.evaluations():
        return False
    known = run.metrics(split)
    made = (known.get("weights"), known.get("temperature", 1.0), known["threshold"])
    return made == (bundle.weights, bundle.temperature, bundle.threshold if bundle.positive is not None else None)


def _join(
    parts: tuple[Manifest, ...], rows: tuple[Ints, Ints], tables: Sequence[PredictionTable]
) -> tuple[Ints, Any, list[Any]]:
    """Return targets, patients, and the probabilities of each run, of the shared images that both have predicted."""
    places = [{path: at for at, path in enumerate(table.frame["path"])} for table in tables]
    found = np.array(
        [
            [place.get(part.paths[row], -1) for row, part, place in zip(pair, parts, places, strict=True)]
            for pair in zip(*rows, strict=True)
        ],
        dtype=np.int64,
    )
    kept = found[(found >= 0).all(axis=1)]
    first = tables[0]
    probabilities = [table.probabilities[kept[:, at]] for at, table in enumerate(tables)]
    return first.targets[kept[:, 0]], first.patients[kept[:, 0]], probabilities


def _check_patients(part: Manifest, classes: Sequence[str]) -> None:
    """Check that shared images of each class are of two patients or more."""
    for number, name in enumerate(classes):
        if (count := len(np.unique(part.patients[part.targets == number]))) < 2:
            few = f"are of {count} patient" if count else "are missing"
            raise DataError(f"the shared images of {name} {few}; a comparison needs two patients or more of each class")
