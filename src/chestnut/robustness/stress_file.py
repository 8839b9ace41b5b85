"""`StressFile` and `SourcesFile`: what the stress.json and the sources.json of a run must contain."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.robustness.set_coverage import ShiftedSets
from chestnut.robustness.shift_effects import Figures
from chestnut.runs.evaluation_file import EvaluationFile

_TYPED = ConfigDict(strict=True)


class ShiftFigures(BaseModel):
    """The figures under a shift, see `Figures`, and in how many images its lungs were not found, if that matters."""

    model_config = _TYPED

    name: str
    summary: str
    auroc: Estimate
    drop: Estimate
    sensitivity: Estimate
    specificity: Estimate
    lungs_lost: int | None = None


class PointRates(BaseModel):
    """The sensitivity and specificity of a threshold on some images, and the condition that these were under."""

    model_config = _TYPED

    condition: str
    sensitivity: Estimate
    specificity: Estimate


class PointFile(BaseModel):
    """A threshold, the rule that chose it, and its rates under the conditions."""

    model_config = _TYPED

    rule: Literal["fixed", "plain", "stress"]
    threshold: float
    plain: PointRates | None
    mean: PointRates | None
    worst: PointRates | None
    external: PointRates | None


class PointsFile(BaseModel):
    """The operating points and the goal that they were chosen for."""

    model_config = _TYPED

    goal: str
    points: list[PointFile]


class ShortcutFile(BaseModel):
    """How far brightness and sharpness explain the figures, in a sentence."""

    model_config = _TYPED

    sentence: str


class StressFile(BaseModel):
    """The content of a stress.json.

    Attributes:
        images: The number of validation images.
        patients: The number of their patients.
        plain: The figures without any shift.
        mean: The means over all shifts; None where only some of them were made.
        worst: The name of the worst shift.
        shifts: The figures under each shift.
        shortcut: What brightness and sharpness alone tell.
        operating_points: The thresholds that were chosen; None where none was asked for.
        external: The evaluation of another data set; None where none was given.
        sets: What became of the promise of prediction sets; None where none was asked for.
        lungs_lost: In how many plain images the lungs were not found; None if the network does not need them.
        temperature: The number that divided the logits; early versions did not write it.
        partial: Whether only some of the shifts were made; early versions did not write it.
        resamples: The number of resamples of patients behind the intervals of an early version; 0 for other ways.
    """

    model_config = _TYPED

    images: int
    patients: int
    plain: Figures
    mean: Figures | None
    worst: str
    shifts: list[ShiftFigures]
    shortcut: ShortcutFile
    operating_points: PointsFile | None
    external: EvaluationFile | None
    sets: ShiftedSets | None = None
    lungs_lost: int | None = None
    temperature: float = Field(default=1.0, gt=0)
    partial: bool = False
    resamples: int = 0

    @model_validator(mode="after")
    def _check_mean(self) -> Self:
        if "partial" in self.model_fields_set and not self.partial and self.mean is None:
            raise ValueError("mean: it is null, though all shifts were made")
        return self


class SourceFile(BaseModel):
    """A source that was left out; see `LeftOut` for the attributes."""

    model_config = _TYPED

    source: str
    borrowed: dict[str, int]
    why: str
    evaluation: EvaluationFile | None


class SourcesFile(BaseModel):
    """The content of a sources.json."""

    model_config = _TYPED

    sources: list[SourceFile]
