"""`EvaluationFile`: what the metrics.json of an evaluation must contain."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from chestnut.evaluation.details.details import Details
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.set_figures import SetFigures
from chestnut.evaluation.subgroups import Subgroups


class EvaluationFile(BaseModel):
    """The content of a metrics.json: an `Evaluation`, and which images it judged.

    Attributes:
        images: The number of images.
        patients: The number of patients.
        classes: The class names in the order of the network's outputs.
        positive: The positive one of two classes.
        threshold: The least probability at which the positive class was decided.
        counts: The number of images of each class.
        metrics: The figures.
        per_class: The figures of each class, of more than two.
        confusion: The number of images by true class (rows) and decision (columns).
        resamples: The number of resamples behind the interval of the calibration error; in early versions, behind all
            intervals.
        seed: The seed of what was drawn for intervals.
        notes: Sentences to read with the figures.
        sets: The figures of prediction sets; null where none were asked for.
        subgroups: The figures of the groups of each column that was asked for.
        details: What a paper reports beside the metrics; earlier versions did not write it.
        data: The data set that the images belong to; early versions did not write it.
        overlap: The number of images of another data set in each split of the run.
        synthetic: Whether the images were drawn by the phantom.
        intervals: The name of the ways in which the intervals were made; early versions did not write it.
    """

    model_config = ConfigDict(strict=True)

    images: int
    patients: int
    classes: list[str]
    positive: str | None
    threshold: float | None
    counts: dict[str, int]
    metrics: dict[str, Estimate]
    per_class: dict[str, dict[str, Estimate]]
    confusion: list[list[int]]
    resamples: int
    seed: int
    notes: list[str]
    sets: SetFigures | None = None
    subgroups: list[Subgroups] = []
    details: Details | None = None
    data: str = ""
    overlap: dict[str, int] | None = None
    synthetic: bool = False
    intervals: str = "percentile"

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if self.positive is not None and self.positive not in self.classes:
            raise ValueError(f"positive: {self.positive!r} is not one of the classes")
        if self.positive is not None and self.threshold is None:
            raise ValueError("threshold: a positive class needs one")
        if self.confusion and [len(row) for row in self.confusion] != [len(self.classes)] * len(self.classes):
            raise ValueError("confusion: it needs a row and a column for each class")
        return self
