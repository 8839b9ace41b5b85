"""The answers about what was predicted before, and what reviewers said of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from chestnut.serve.http.answers import Answer, GuardAnswer
from chestnut.serve.store.row import Row, RowVerdict
from chestnut.serve.store.verdict import MOST_NOTE, MOST_REVIEWER, Opinion, Verdict

_TIME = "2026-11-27T12:00:00+00:00"


class VerdictGiven(BaseModel):
    """What a reviewer says of a prediction."""

    model_config = ConfigDict(extra="forbid")

    verdict: Opinion = Field(examples=["disagree"])
    label: str | None = Field(None, description="The right class; null if you name none.", examples=["NORMAL"])
    note: Annotated[str, Field(max_length=MOST_NOTE)] | None = Field(None, examples=["the left base is clear"])
    reviewer: Annotated[str, Field(max_length=MOST_REVIEWER)] | None = Field(None, examples=["Dr A"])

    def to_verdict(self) -> Verdict:
        """Return the verdict for the audit table."""
        return Verdict(self.verdict, self.label, self.note or "", self.reviewer or "")


class VerdictAnswer(Answer):
    """What a reviewer said of a prediction."""

    id: str = Field(examples=["0b8f2c0e-5d0c-4b0e-8f3c-6f0f3f2e6f4e"])
    time: datetime = Field(description="When it was given, in UTC.", examples=[_TIME])
    bundle: str = Field(description="The SHA-256 of the bundle whose prediction was judged.")
    verdict: Opinion = Field(examples=["disagree"])
    label: str | None = Field(description="The right class; null if the reviewer named none.", examples=["NORMAL"])
    note: str = Field(examples=["the left base is clear"])
    reviewer: str = Field(description="Who it was, as they wrote.", examples=["Dr A"])
    client: str = Field(description="Who sent it: the name of a token.", examples=["ward 3"])

    @classmethod
    def of(cls, verdict: RowVerdict) -> Self:
        """Return the answer for a verdict."""
        return cls.model_validate(verdict.to_dict())


class PredictionRow(Answer):
    """A row of the audit table."""

    id: str = Field(examples=["6f0f3f2e-6f4e-4d0e-9d1c-3f0f5b0a7f11"])
    time: datetime = Field(description="When it was recorded, in UTC.", examples=[_TIME])
    source: Literal["http", "dicom"] = Field(description="How the image came.", examples=["http"])
    client: str = Field(description="Who asked: the name of a token.", examples=["ward 3"])
    model: str = Field(examples=["cnn-small"])
    bundle: str = Field(description="The SHA-256 that identifies the bundle.")
    pixels: str = Field(description="The SHA-256 of the pixels that the network saw.")
    probabilities: dict[str, float] = Field(examples=[{"NORMAL": 0.08, "PNEUMONIA": 0.92}])
    decision: str = Field(examples=["PNEUMONIA"])
    positive: str | None = Field(description="null for more than two classes.", examples=["PNEUMONIA"])
    threshold: float | None = Field(description="null for more than two classes.", examples=[0.5])
    guard: GuardAnswer | None = Field(description="null if the bundle had no guard.")
    lungs: bool | None = Field(description="Whether the lungs were found; null if they were not looked for.")
    milliseconds: float = Field(description="From the image's arrival to its score.", examples=[4.9])
    kept: bool = Field(description="Whether the service keeps the image.", examples=[False])
    verdict: VerdictAnswer | None = Field(description="The latest verdict; null if there is none.")
    verdicts: list[VerdictAnswer] = Field(description="All verdicts, the latest last.")

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the answer for a row."""
        verdicts = [VerdictAnswer.of(verdict) for verdict in row.verdicts]
        latest = verdicts[-1] if verdicts else None
        return cls.model_validate({**row.to_dict(), "verdict": latest, "verdicts": verdicts})


class Predictions(Answer):
    """Rows of the audit table, the newest first."""

    predictions: list[PredictionRow]
    next: str | None = Field(description="What to give as `before` for the rows that follow; null if none may follow.")

    @classmethod
    def of(cls, rows: list[Row], limit: int) -> Self:
        """Return the answer for rows that were looked for with a limit."""
        following = rows[-1].id if len(rows) == limit else None
        return cls(predictions=[PredictionRow.of(row) for row in rows], next=following)
