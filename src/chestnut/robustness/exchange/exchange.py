"""`Exchange`: what is left of a network's figures when images take over how images of another class were taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.robustness.shift_effects import Figures

#: The condition in which all is exchanged at once, which headlines are about.
ALL = "all"


@dataclass(frozen=True)
class Pair:
    """The figures under one condition.

    Attributes:
        name: The name of the condition.
        summary: What was exchanged, in a few words.
        other: The figures where the donors are of another class.
        same: The figures where they are of the image's own class: the control.
        given_away: The AUROC of the control less that with the other class's donors, in -1..1.
        lungs_lost_share: The share of the images in which no lungs were found after the exchange with another class,
            for a network that looks for them; else None.
    """

    name: str
    summary: str
    other: Figures
    same: Figures
    given_away: Estimate
    lungs_lost_share: float | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` of an `Exchange` gave."""
        return cls(
            values["name"],
            values["summary"],
            Figures.from_dict(values["other"]),
            Figures.from_dict(values["same"]),
            Estimate(**values["given_away"]),
            values["lungs_lost_share"],
        )


@dataclass(frozen=True)
class Exchange:
    """The result of an exchange test.

    Attributes:
        images: The number of validation images that took part.
        patients: The number of their patients.
        left_out: The number of validation images whose lungs were not found.
        donors: The number of training images with lungs, from which the donors are drawn.
        donors_left_out: The number of training images whose lungs were not found.
        classes: The class names in the order of the network's outputs.
        positive: The positive one of two classes; None for more.
        threshold: The least probability at which the positive class of two is decided.
        draws: The number of donors of each kind that every image took over from.
        seed: The seed of the donors.
        weights: The SHA-256 of the network.
        plain: The figures on the images as they are.
        conditions: The figures under each condition.
        lungs_lost_share: The share of the plain images in which no lungs were found, for a network that looks for
            them; else None.
    """

    images: int
    patients: int
    left_out: int
    donors: int
    donors_left_out: int
    classes: tuple[str, ...]
    positive: str | None
    threshold: float | None
    draws: int
    seed: int
    weights: str
    plain: Figures
    conditions: tuple[Pair, ...]
    lungs_lost_share: float | None = None

    @property
    def all(self) -> Pair:
        """The figures where everything is exchanged at once."""
        return next(pair for pair in self.conditions if pair.name == ALL)

    @property
    def sentence(self) -> str:
        """What the test says, in words."""
        pair = self.all
        kind = "AUROC" if self.positive is not None else "mean AUROC"
        if pair.given_away.value is None:
            return f"What framing and scanner give away is undefined: {kind} cannot be computed on these images."
        return (
            f"With the framing, grey values and fine detail of images of {self.another}, {kind} is "
            f"{pair.other.auroc}; with those of images of the same class it is {pair.same.auroc}. The difference, "
            f"{pair.given_away}, is what the framing and the scanner of a class give away."
        )

    @property
    def another(self) -> str:
        """What to call the class that donors of another class are of."""
        return "the other class" if len(self.classes) == 2 else "another class"

    def to_dict(self) -> dict[str, Any]:
        """Return the values JSON-ready, with the sentence; a figure is `{"value", "low", "high", "undefined"}`."""
        return {
            **asdict(self),
            "classes": list(self.classes),
            "conditions": [asdict(one) for one in self.conditions],
        } | {"sentence": self.sentence}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave; other keys are ignored."""
        known = {name: values[name] for name in cls.__dataclass_fields__}
        return cls(
            **known
            | {
                "classes": tuple(values["classes"]),
                "plain": Figures.from_dict(values["plain"]),
                "conditions": tuple(Pair.from_dict(one) for one in values["conditions"]),
            }
        )

    def _repr_html_(self) -> str:
        columns = ("exchanged", f"AUROC, {self.another}'s", "AUROC, own class's", "given away")
        rows = [(pair.name, pair.other.auroc, pair.same.auroc, pair.given_away) for pair in self.conditions]
        title = f"{self.images:,} validation images of {self.patients:,} patients after an exchange"
        return html_table([("nothing", self.plain.auroc, None, None), *rows], columns, title, [self.sentence])
