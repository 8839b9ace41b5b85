"""Put together what there is to say about the mistakes of an evaluation."""

from __future__ import annotations

import numpy as np

from chestnut.evaluation.intervals.shares import share_estimate
from chestnut.evaluation.patients import number_patients
from chestnut.inference.bundle import Bundle
from chestnut.mistakes.decisions import list_decisions
from chestnut.mistakes.evaluated import Evaluated
from chestnut.mistakes.insight import Insight
from chestnut.mistakes.mistakes import ClassMistakes, Mistakes
from chestnut.mistakes.ranking import MOST_MISTAKES, MOST_NARROW, rank_mistakes, rank_narrow
from chestnut.mistakes.views import compare_views


def summarise(evaluated: Evaluated, insight: Insight, bundle: Bundle, *, synthetic: bool) -> Mistakes:
    """Put together what there is to say about the mistakes of an evaluation.

    Args:
        evaluated: The evaluation.
        insight: What its pixels tell.
        bundle: The bundle of the network.
        synthetic: Whether the images are phantoms.
    """
    frame, known = evaluated.table.frame, (insight.neighbourhoods, insight.groups)
    return Mistakes(
        split=evaluated.name,
        data=evaluated.data,
        weights=bundle.weights,
        classes=bundle.classes,
        positive=bundle.positive,
        threshold=evaluated.threshold,
        synthetic=synthetic,
        images=len(frame),
        patients=int(frame["patient"].nunique()),
        mistakes=int(evaluated.wrong.sum()),
        by_class=tuple(_count(evaluated, number) for number in np.unique(evaluated.targets).tolist()),
        confident=list_decisions(evaluated, rank_mistakes(evaluated)[:MOST_MISTAKES].tolist(), *known),
        narrow=list_decisions(evaluated, rank_narrow(evaluated)[:MOST_NARROW].tolist(), *known),
        patterns=insight.patterns,
        views=compare_views(evaluated),
        notes=(*_notes(evaluated, bundle.threshold), *insight.notes),
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
    notes = []
    if evaluated.trained_on:
        notes.append(
            f"{evaluated.trained_on:,} of the images were training images of the run, so few mistakes are to be "
            "expected on them."
        )
    if evaluated.threshold is not None and evaluated.threshold != threshold:
        notes.append(
            f"The evaluation decided at {evaluated.threshold:g}, and the run now decides at {threshold:g}; evaluate "
            "again to see the mistakes at that threshold."
        )
    return notes
