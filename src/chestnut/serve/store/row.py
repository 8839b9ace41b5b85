"""`Row`: a prediction as the database has it, and `Query`: which ones are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from chestnut.serve.store.entry import Source, Subject
from chestnut.serve.store.verdict import Opinion

#: The number of rows that are returned where nothing else is asked for, and the most that may be asked for.
USUAL_LIMIT, MOST_ROWS = 50, 500


@dataclass(frozen=True)
class Query:
    """Which predictions are looked for, the newest first.

    Attributes:
        limit: The most rows, 1 to 500.
        before: The id of a row; those that are older are returned. None begins with the newest.
        model: The name of a model; None for all.
        verdict: The latest verdict, or "none" for predictions without one; None for all.
    """

    limit: int = USUAL_LIMIT
    before: str | None = None
    model: str | None = None
    verdict: Opinion | Literal["none"] | None = None


@dataclass(frozen=True)
class RowVerdict:
    """A verdict as the database has it.

    Attributes:
        id: Its UUID.
        time: When it was given, in UTC.
        bundle: The SHA-256 of the bundle whose prediction was judged.
        verdict: Whether the reviewer agrees.
        label: The right class; None if the reviewer named none.
        note: Free text.
        reviewer: Who it was, as they wrote; empty if they did not.
        client: Who sent it: the name of a token.
    """

    id: str
    time: datetime
    bundle: str
    verdict: Opinion
    label: str | None
    note: str
    reviewer: str
    client: str

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict for JSON."""
        return {
            "id": self.id,
            "time": self.time.isoformat(),
            "bundle": self.bundle,
            "verdict": self.verdict,
            "label": self.label,
            "note": self.note,
            "reviewer": self.reviewer,
            "client": self.client,
        }


@dataclass(frozen=True)
class Row:
    """A prediction as the database has it.

    Attributes:
        id: Its UUID.
        time: When it was recorded, in UTC.
        source: The way in which the image came.
        client: Who asked: the name of a token or of a DICOM application.
        model: The name of the model.
        bundle: The SHA-256 that identifies the bundle.
        pixels: The SHA-256 of the pixels that the network saw.
        probabilities: The probability of each class by its name.
        decision: The class that was decided.
        positive: The positive class; None for more than two classes.
        threshold: The probability of the positive class from which the decision is positive.
        guard: What the guard said; None without one.
        lungs: Whether the lungs were found; None if the network's input does not need them.
        milliseconds: The time from the image's arrival to its score.
        subject: Whom a DICOM image shows, as keyed hashes.
        kept: The image's place below the folder of kept images; None if it is not kept.
        verdicts: What reviewers said, the latest last.
    """

    id: str
    time: datetime
    source: Source
    client: str
    model: str
    bundle: str
    pixels: str
    probabilities: dict[str, float]
    decision: str
    positive: str | None
    threshold: float | None
    guard: dict[str, Any] | None
    lungs: bool | None
    milliseconds: float
    subject: Subject
    kept: str | None
    verdicts: tuple[RowVerdict, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the row for JSON, without the keyed hashes of the subject."""
        return {
            "id": self.id,
            "time": self.time.isoformat(),
            "source": self.source,
            "client": self.client,
            "model": self.model,
            "bundle": self.bundle,
            "pixels": self.pixels,
            "probabilities": self.probabilities,
            "decision": self.decision,
            "positive": self.positive,
            "threshold": self.threshold,
            "guard": self.guard,
            "lungs": self.lungs,
            "milliseconds": self.milliseconds,
            "kept": self.kept is not None,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }
