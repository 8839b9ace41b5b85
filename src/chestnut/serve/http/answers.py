"""The answers of the service, field by field: the document at /openapi.json is made from them."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from chestnut.inference.bundle import Bundle
from chestnut.serve.scoring.score import Score
from chestnut.serve.scoring.scorer import Scorer

_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ID = "6f0f3f2e-6f4e-4d0e-9d1c-3f0f5b0a7f11"

#: An answer for two images, one of which cannot be read.
_PREDICTION: dict[str, Any] = {
    "model": {
        "name": "cnn-small",
        "bundle": _HASH,
        "classes": ["NORMAL", "PNEUMONIA"],
        "positive": "PNEUMONIA",
        "threshold": 0.5,
    },
    "results": [
        {
            "id": _ID,
            "name": "one.png",
            "pixels": _HASH,
            "bundle": _HASH,
            "probabilities": {"NORMAL": 0.08, "PNEUMONIA": 0.92},
            "decision": "PNEUMONIA",
            "threshold": 0.5,
            "guard": {"in_distribution": True, "score": 0.42, "reason": ""},
            "lungs": True,
            "kept": False,
        },
        {"name": "two.dcm", "error": "is truncated"},
    ],
    "timing_ms": {"decode": 2.1, "score": 1.4, "store": 1.2, "total": 4.7},
}


class Answer(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(Answer):
    """What was given, what is allowed and what to do."""

    error: str = Field(examples=["the form has more than 32 images; send several requests"])


class GuardAnswer(Answer):
    """Whether an image is like those that the network was trained on."""

    in_distribution: bool = Field(examples=[True])
    score: float = Field(description="The share of usual images that are at least as strange.", examples=[0.42])
    reason: str = Field(description="What is strange about it; empty if nothing is.", examples=[""])


class Result(Answer):
    """What a network says of an image."""

    id: str = Field(description="The row of the audit table.", examples=[_ID])
    name: str = Field(description="What you call the image; it is not kept.", examples=["chest 1.png"])
    pixels: str = Field(description="The SHA-256 of the pixels that the network saw.", examples=[_HASH])
    bundle: str = Field(description="The SHA-256 that identifies the bundle.", examples=[_HASH])
    probabilities: dict[str, float] = Field(
        description="The probability of each class; they sum to 1.", examples=[{"NORMAL": 0.08, "PNEUMONIA": 0.92}]
    )
    decision: str = Field(description="The class that is decided.", examples=["PNEUMONIA"])
    threshold: float | None = Field(
        description="The probability from which the positive class is decided; null for more than two classes.",
        examples=[0.5],
    )
    guard: GuardAnswer | None = Field(description="null if the bundle has no guard.")
    lungs: bool | None = Field(
        description="Whether the lungs were found; null if the network sees the whole image.", examples=[None]
    )
    kept: bool = Field(description="Whether the service keeps the image.", examples=[False])

    @classmethod
    def of(cls, score: Score, row: str, kept: bool) -> Self:
        """Return the answer for a score that is in the audit table."""
        return cls.model_validate({**score.to_dict(), "id": row, "kept": kept})


class Failure(Answer):
    """Why there is no result for an image."""

    name: str = Field(description="What you call the image.", examples=["notes.txt"])
    error: str = Field(description="What is wrong with it.", examples=["is not a JPEG, PNG, TIFF, WebP, BMP or DICOM"])


class Decider(Answer):
    """The network that decided."""

    name: str = Field(examples=["cnn-small"])
    bundle: str = Field(description="The SHA-256 that identifies the bundle.", examples=[_HASH])
    classes: list[str] = Field(examples=[["NORMAL", "PNEUMONIA"]])
    positive: str | None = Field(description="null for more than two classes.", examples=["PNEUMONIA"])
    threshold: float | None = Field(description="null for more than two classes.", examples=[0.5])

    @classmethod
    def of(cls, scorer: Scorer) -> Self:
        """Return what clients are told of a network."""
        return cls.model_validate(_decider(scorer))


def _decider(scorer: Scorer) -> dict[str, Any]:
    bundle = scorer.bundle
    return {
        "name": scorer.name,
        "bundle": bundle.identity,
        "classes": list(bundle.classes),
        "positive": bundle.positive,
        "threshold": None if bundle.positive is None else bundle.threshold,
    }


class Timing(Answer):
    """Milliseconds until all images were decoded, then until all were scored, then until all were in the table."""

    decode: float = Field(examples=[2.1])
    score: float = Field(examples=[1.4])
    store: float = Field(examples=[1.2])
    total: float = Field(examples=[4.9])


class Prediction(Answer):
    """What a network says of the images of a request, in their order."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PREDICTION]})

    model: Decider
    results: list[Result | Failure]
    timing_ms: Timing


class ModelAnswer(Decider):
    """A network of this service."""

    recipe: str = Field(description="The recipe that it was trained by.", examples=["cnn-small"])
    height: int = Field(description="The height of its input in pixels.", examples=[180])
    width: int = Field(description="The width of its input in pixels.", examples=[180])
    needs_lungs: bool = Field(description="Whether it sees the lungs alone.", examples=[False])
    decided_at: str = Field(description="The threshold and where it comes from.", examples=["0.5"])
    temperature: float = Field(description="What divides the logits; 1 if not calibrated.", examples=[1.0])
    calibrated: bool = Field(examples=[True])
    guard: bool = Field(description="Whether unusual images are noticed.", examples=[True])
    activation: bool = Field(
        description="Whether /v1/explain can show class activation; it shows occlusion otherwise.", examples=[True]
    )
    synthetic: bool = Field(description="Whether it was trained on synthetic images.", examples=[False])

    @classmethod
    def of(cls, scorer: Scorer) -> Self:
        """Return what clients are told of a network."""
        bundle: Bundle = scorer.bundle
        return cls.model_validate(
            {
                **_decider(scorer),
                "recipe": bundle.recipe,
                "height": bundle.spec.height,
                "width": bundle.spec.width,
                "needs_lungs": bundle.spec.needs_lungs,
                "decided_at": bundle.decided_at,
                "temperature": bundle.temperature,
                "calibrated": bundle.calibration is not None and not bundle.calibration.reason,
                "guard": scorer.guard is not None,
                "activation": scorer.engine.has_activation,
                "synthetic": bundle.synthetic,
            }
        )


class Models(Answer):
    """The networks of this service; the first answers where a request names none."""

    models: list[ModelAnswer]
    notice: Annotated[str, Field(description="What every user is to be told.")]


class Health(Answer):
    """The state of the service."""

    status: str = Field(examples=["ready"])
