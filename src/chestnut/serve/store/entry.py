"""`Entry`: a prediction to be recorded, and `Origin`: who asked for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from chestnut.serve.scoring.score import Score

#: How a prediction was asked for.
Source = Literal["http", "dicom"]


class Origin(NamedTuple):
    """Who asked for predictions.

    Attributes:
        source: The way in which the images came.
        client: The name of the token or of the DICOM application; never an address.
    """

    source: Source
    client: str


class Subject(NamedTuple):
    """Whom a DICOM image shows, as keyed hashes: they can be compared, and nobody without the key can undo them.

    Attributes:
        patient: The hash of the patient's ID with its issuer; None where there is none.
        study: That of the UID of the study.
        instance: That of the UID of the image.
    """

    patient: str | None = None
    study: str | None = None
    instance: str | None = None


@dataclass(frozen=True)
class Entry:
    """A prediction to be recorded.

    Attributes:
        score: What was answered. Its `name` is not recorded.
        model: The name of the model.
        positive: The positive class; None for more than two classes.
        milliseconds: The time from the image's arrival to its score.
        subject: Whom the image shows.
        kept: The image's place below the folder of kept images; None if it is not kept.
    """

    score: Score
    model: str
    positive: str | None
    milliseconds: float
    subject: Subject = field(default_factory=Subject)
    kept: str | None = None
