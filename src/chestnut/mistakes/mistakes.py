"""`Mistakes`: what a network decided wrongly or narrowly in an evaluation, and what that has in common."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.mistakes.decisions import Decision
from chestnut.mistakes.patterns import Pattern
from chestnut.mistakes.views import Views


@dataclass(frozen=True)
class ClassMistakes:
    """The mistakes on the images of one class.

    Attributes:
        label: The class.
        images: The number of its images.
        patients: The number of their patients.
        mistakes: The number of images that were decided wrongly.
        mistaken_patients: The number of patients with such an image.
        share: The share of its images that were decided wrongly, with an interval by patient.
        decided: The number of wrong decisions for each other class.
    """

    label: str
    images: int
    patients: int
    mistakes: int
    mistaken_patients: int
    share: Estimate
    decided: dict[str, int]


@dataclass(frozen=True)
class Mistakes:
    """The mistakes of a network in an evaluation.

    Attributes:
        split: The name of the evaluation: a split, or another data set.
        data: The data set that the images belong to.
        weights: The SHA-256 of the network.
        classes: The class names in the order of the network's outputs.
        positive: The positive class of two; None for more.
        threshold: The least probability at which the positive class was decided; None for more classes.
        synthetic: Whether the images are phantoms.
        images: The number of images.
        patients: The number of patients.
        mistakes: The number of images that were decided wrongly.
        by_class: The mistakes on the images of each class.
        confident: The most confident mistakes, those first whose own class got the least probability.
        narrow: The decisions, right or wrong, that were nearest to another one.
        patterns: What the mistakes on each class have in common; empty where no image can be read any more.
        views: The patients whose images of one class were judged differently.
        notes: Sentences to read with all this.
    """

    split: str
    data: str
    weights: str
    classes: tuple[str, ...]
    positive: str | None
    threshold: float | None
    synthetic: bool
    images: int
    patients: int
    mistakes: int
    by_class: tuple[ClassMistakes, ...]
    confident: tuple[Decision, ...]
    narrow: tuple[Decision, ...]
    patterns: tuple[Pattern, ...]
    views: Views
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """How many decisions are wrong, in one line."""
        if not self.mistakes:
            return f"No mistakes: all {self.images:,} images of {self.patients:,} patients are decided rightly."
        verb = "is" if self.mistakes == 1 else "are"
        return f"{self.mistakes:,} of {self.images:,} images of {self.patients:,} patients {verb} decided wrongly."

    @property
    def headlines(self) -> tuple[str, ...]:
        """What there is to say, in short sentences."""
        told = [pattern.headline for pattern in self.patterns]
        views = [self.views.sentence] if self.views.differing else []
        return (self.sentence, *told, *views, *self.notes)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What there is to say, in sentences."""
        if not self.mistakes:
            return (self.sentence, *self.notes)
        told = (text for pattern in self.patterns for text in pattern.sentences)
        return (self.sentence, *told, self.views.sentence, *self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Return all attributes and the sentences for JSON."""
        return {**asdict(self), "sentences": self.sentences}
