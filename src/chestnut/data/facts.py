"""`ManifestFacts`: what a data.json must contain, which is everything about a manifest beside its rows."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class LungFacts(BaseModel):
    """What a data.json says of the search for the lungs of every image.

    Attributes:
        network: The name and hash of the network that found them.
        not_found: The number of images in which it found no two lungs.
    """

    model_config = ConfigDict(strict=True)

    network: str
    not_found: int


class LeftOutFacts(BaseModel):
    """What a data.json says of images that were left out for one reason; see `LeftOut` for the attributes."""

    model_config = ConfigDict(strict=True)

    reason: str
    images: int = Field(ge=0)
    patients: int | None = None


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
        left_out: How many images were left out for each reason; None if an earlier version wrote the file.
        lungs: What is known of the search for the lungs; None if the input does not need them.
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
    left_out: list[LeftOutFacts] | None = None
    lungs: LungFacts | None = None

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes: a class is named twice")
        if self.positive is not None and self.positive not in self.classes:
            raise ValueError(f"positive: {self.positive!r} is not one of the classes")
        return self
