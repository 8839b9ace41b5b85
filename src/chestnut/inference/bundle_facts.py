"""`Facts`: what a bundle.json must contain.

A bundle may come from a stranger, and a decision rests on every one of its values.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from chestnut.config import InputSpec
from chestnut.errors import BundleError, DataError, listed
from chestnut.evaluation.calibration.temperature import LEAST_TEMPERATURE, MOST_TEMPERATURE, Calibration
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.operating.point import OperatingPoint, Promise, Source
from chestnut.evaluation.operating.rule import Rule
from chestnut.inference.guard.summary import GuardSummary, Rehearsed
from chestnut.inference.parity import Parity

#: Increased when the layout changes so that an older chestnut would misread it.
BUNDLE_VERSION = 3

#: The files that a bundle may have beside its network: the reference of prediction sets, that of the guard, and the
#: network for ONNX Runtime.
PartName = Literal["conformal.npz", "guard.npz", "model.onnx"]
PARTS: tuple[PartName, ...] = get_args(PartName)

_STRICT = ConfigDict(strict=True, allow_inf_nan=False)

_Name = Annotated[str, Field(min_length=1, pattern=r"\S")]
_Count = Annotated[int, Field(ge=1)]
_NotNegative = Annotated[float, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Temperature = Annotated[float, Field(ge=LEAST_TEMPERATURE, le=MOST_TEMPERATURE)]


class CalibrationFacts(BaseModel):
    """How the temperature was fitted; see `Calibration`."""

    model_config = _STRICT

    temperature: _Temperature
    images: _Count
    patients: _Count
    loss_before: _NotNegative
    loss_after: _NotNegative | None
    error_before: _Share
    error_after: _Share | None
    reason: str

    def to_value(self) -> Calibration:
        """Return the facts as a `Calibration`."""
        return Calibration(**self.model_dump())


class EstimateFacts(BaseModel):
    """A share with its interval; see `Estimate`."""

    model_config = _STRICT

    value: _Share | None
    low: _Share | None
    high: _Share | None
    undefined: Annotated[int, Field(ge=0)] = 0


class PromiseFacts(BaseModel):
    """What a threshold promises; see `Promise`."""

    model_config = _STRICT

    sensitivity: EstimateFacts
    specificity: EstimateFacts


class PointFacts(BaseModel):
    """How the threshold was chosen; see `OperatingPoint`."""

    model_config = _STRICT

    rule: str
    on: Source
    threshold: _Share
    promised: PromiseFacts

    @field_validator("rule")
    @classmethod
    def _check_rule(cls, rule: str) -> str:
        try:
            Rule.parse(rule)
        except DataError as error:
            raise ValueError(str(error)) from None
        return rule

    def to_value(self) -> OperatingPoint:
        """Return the facts as an `OperatingPoint`."""
        rates = {name: Estimate(**figure) for name, figure in self.promised.model_dump().items()}
        return OperatingPoint(self.rule, self.on, self.threshold, Promise(**rates))


class RehearsedFacts(BaseModel):
    """How often a guard noticed a change; see `Rehearsed`."""

    model_config = _STRICT

    change: _Name
    images: _Count
    flagged: EstimateFacts


class GuardFacts(BaseModel):
    """How the guard was fitted; see `GuardSummary`."""

    model_config = _STRICT

    false_alarms: _Share
    wanted: _Share
    patients: _Count
    images: _Count
    trained_on: _Count
    rehearsal: list[RehearsedFacts]

    def to_value(self) -> GuardSummary:
        """Return the facts as a `GuardSummary`."""
        rehearsal = (Rehearsed(one.change, one.images, Estimate(**one.flagged.model_dump())) for one in self.rehearsal)
        return GuardSummary(**self.model_dump(exclude={"rehearsal"}), rehearsal=tuple(rehearsal))


class ParityFacts(BaseModel):
    """How much two forms of a network differ; see `Parity`."""

    model_config = _STRICT

    images: _Count
    difference: _Share
    opset: _Count

    def to_value(self) -> Parity:
        """Return the facts as a `Parity`."""
        return Parity(**self.model_dump())


class Facts(BaseModel):
    """The content of bundle.json; see `Bundle` for the fields."""

    model_config = _STRICT

    format: Annotated[int, Field(ge=1, le=BUNDLE_VERSION)]
    recipe: _Name
    classes: Annotated[list[_Name], Field(min_length=2)]
    positive: str | None
    input: InputSpec
    temperature: _Temperature
    threshold: _Share
    synthetic: bool
    lungs: str | None = None
    sha256: dict[Literal["model.keras", PartName], Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]
    calibration: CalibrationFacts | None = None
    operating_point: PointFacts | None = None
    guard: GuardFacts | None = None
    parity: ParityFacts | None = None

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes are {listed(self.classes)}; each must occur once")
        if self.positive != (self.classes[-1] if len(self.classes) == 2 else None):
            wanted = f"{self.classes[-1]!r}, the last of two" if len(self.classes) == 2 else "none of more than two"
            raise ValueError(f"positive is {self.positive!r} among the classes {listed(self.classes)}, not {wanted}")
        return self

    @model_validator(mode="after")
    def _check_network(self) -> Self:
        if "model.keras" not in self.sha256:
            raise ValueError("sha256 does not list model.keras")
        return self

    @model_validator(mode="after")
    def _check_lungs(self) -> Self:
        if self.input.needs_lungs and not self.lungs:
            raise ValueError("lungs names no network, and the input needs one that finds the lungs")
        return self

    @model_validator(mode="after")
    def _check_calibration(self) -> Self:
        if self.calibration is not None and self.calibration.temperature != self.temperature:
            raise ValueError(
                f"temperature is {self.temperature:g}, and calibration fitted {self.calibration.temperature:g}"
            )
        return self

    @model_validator(mode="after")
    def _check_point(self) -> Self:
        if self.operating_point is not None and self.positive is None:
            raise ValueError("operating_point is for two classes, and there are more")
        if self.operating_point is not None and self.operating_point.threshold != self.threshold:
            raise ValueError(
                f"threshold is {self.threshold:g}, and operating_point chose {self.operating_point.threshold:g}"
            )
        return self


def check_facts(values: Any, prefix: str, remedy: str) -> Facts:
    """Check the content of a bundle.json.

    Args:
        values: The content.
        prefix: How the message of an error begins.
        remedy: How it ends: what to do.

    Raises:
        BundleError: A value is missing or not possible.
    """
    try:
        return Facts.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part)[:40] for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        given = "" if fault["type"] in ("missing", "value_error") else f", given {repr(fault['input'])[:60]}"
        raise BundleError(
            f"{prefix} ({where + ': ' if where else ''}{message[0].lower()}{message[1:]}{given}); {remedy}"
        ) from None
