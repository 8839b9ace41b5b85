"""`ManifestFacts`: what a data.json must contain, which is everything about a manifest beside its rows."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class ManifestFacts(BaseModel):
    """The content of a data.json.

    Attributes:
        root: The folder or file that the user gave.
        classes: The class names in the order of a network's outputs.
        positive: The positive one of two classes; None for any other number of classes.
        synthetic: Whether the images are phantoms.
        images: The number of images.
        patients: The number of patients.
        notes: Sentences on what was decided while reading.
        skipped: The images that were left out, each with the reason.
    """

    model_config = ConfigDict(strict=True)

    root: str
    classes: list[str]
    positive: str | None
    synthetic: bool
    images: int
    patients: int
    notes: list[str]
    skipped: list[str] = []

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes: a class is named twice")
        if self.positive is not None and self.positive not in self.classes:
            raise ValueError(f"positive: {self.positive!r} is not one of the classes")
        return self
