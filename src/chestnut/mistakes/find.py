"""Find what a network decided wrongly or narrowly in an evaluation."""

from __future__ import annotations

import numpy as np

from chestnut.evaluation.arrays import Ints
from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.patients import number_patients
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.mistakes.evaluated import Evaluated, read_evaluated
from chestnut.mistakes.mistakes import ClassMistakes, Decision, Mistakes
from chestnut.mistakes.ranking import rank_mistakes, rank_narrow
from chestnut.mistakes.views import compare_views
from chestnut.runs.folder import RunFolder

#: The most mistakes and the most narrow decisions that are shown as pictures.
MOST_MISTAKES, MOST_NARROW = 24, 12


def find_mistakes(run: RunFolder, split: str) -> tuple[Mistakes, Evaluated]:
    """Find what the network of a run decided wrongly or narrowly in an evaluation.

    Args:
        run: A trained run.
        split: The name of one of its evaluations.

    Raises:
        RunError: There is no such evaluation, one of its files was changed, or another network made it.
        BundleError: The bundle is missing or was changed.
    """
    bundle = read_run_bundle(run)
    evaluated = read_evaluated(run, bundle, split)
    frame = evaluated.table.frame
    found = Mistakes(
        split=split,
        data=evaluated.data,
        weights=bundle.weights,
        classes=bundle.classes,
        positive=bundle.positive,
        threshold=evaluated.threshold,
        synthetic=bool(run.metrics(split).get("synthetic", False)),
        images=len(frame),
        patients=int(frame["patient"].nunique()),
        mistakes=int(evaluated.wrong.sum()),
        by_class=tuple(_count(evaluated, number) for number in sorted(set(evaluated.targets.tolist()))),
        confident=list_decisions(evaluated, rank_mistakes(evaluated)[:MOST_MISTAKES]),
        narrow=list_decisions(evaluated, rank_narrow(evaluated)[:MOST_NARROW]),
        views=compare_views(evaluated),
        notes=tuple(_notes(evaluated, bundle.threshold)),
    )
    return found, evaluated


def list_decisions(evaluated: Evaluated, rows: Ints) -> tuple[Decision, ...]:
    """Return the decisions in some rows, in their order."""
    frame = evaluated.table.frame
    return tuple(
        Decision(
            path=str(frame["path"].iloc[row]),
            patient=str(frame["patient"].iloc[row]),
            label=str(frame["label"].iloc[row]),
            decision=str(frame["decision"].iloc[row]),
            probability=float(evaluated.of_decision[row]),
            probability_label=float(evaluated.of_label[row]),
            margin=float(evaluated.margins[row]),
        )
        for row in rows.tolist()
    )


def _count(evaluated: Evaluated, number: int) -> ClassMistakes:
    """Count the mistakes on the images of a class."""
    classes = evaluated.table.classes
    rows = np.flatnonzero(evaluated.targets == number)
    wrong, decisions = evaluated.wrong[rows], evaluated.decisions[rows]
    owners, patients = number_patients(evaluated.table.patients[rows])
    decided = {name: int((decisions == other).sum()) for other, name in enumerate(classes) if other != number}
    return ClassMistakes(
        label=classes[number],
        images=len(rows),
        patients=patients,
        mistakes=int(wrong.sum()),
        mistaken_patients=len(np.unique(owners[wrong])),
        share=share_estimate(wrong, owners),
        decided={name: count for name, count in decided.items() if count},
    )


def _notes(evaluated: Evaluated, threshold: float) -> list[str]:
    if evaluated.threshold is None or evaluated.threshold == threshold:
        return []
    return [
        f"The evaluation decided at {evaluated.threshold:g}, and the run now decides at {threshold:g}; evaluate again "
        "to see the mistakes at that threshold."
    ]
