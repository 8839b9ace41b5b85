"""Predictions for the audit table."""

from chestnut.serve.scoring.score import Judgement, Score
from chestnut.serve.store.entry import Entry, Origin

ORIGIN = Origin("http", "ward 7")


def entry(digest="a" * 64, *, model="cnn-small", chance=0.25, **changes):
    score = Score(
        name="DOE^JANE.png",
        digest=digest,
        bundle="b" * 64,
        probabilities={"NORMAL": 1 - chance, "PNEUMONIA": chance},
        decision="PNEUMONIA" if chance > 0.5 else "NORMAL",
        threshold=0.5,
        guard=Judgement(False, 0.01, "unlike the training images"),
        lungs_found=True,
    )
    return Entry(score, model, "PNEUMONIA", 12.5, **changes)
