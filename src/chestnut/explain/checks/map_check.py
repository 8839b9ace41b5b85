"""`MapCheck`: what was measured on the maps of a network, and whether each method passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from pydantic import TypeAdapter

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.checks.method_check import MethodCheck
from chestnut.explain.checks.wording import describe_network, describe_outside, describe_tests


@dataclass(frozen=True)
class MapCheck:
    """What was measured on the maps of a network.

    Attributes:
        images: The number of images.
        patients: The number of their patients.
        classes: The class names in the order of the network's outputs.
        counts: The number of images of each class.
        data: The folder or file of the images.
        split: The split of the run that they are from; empty for another data set.
        without_lungs: The number of images in which no two lungs were found, which the shares by place leave out.
        lesions: Why lesions were not looked at; empty where they were.
        redrawn_images: The number of images whose maps were made again after weights were redrawn.
        other: The second run; empty without one.
        seed: The seed of the choice of images, of the redrawing and of random orders.
        weights: The SHA-256 of the network.
        seconds: How long it took.
        methods: What was measured for each method.
        agreement: The mean rank correlation of the maps of each pair of methods, a row for each method.
        right: The share of the images that the network decides correctly; None in files of earlier versions.
    """

    images: int
    patients: int
    classes: tuple[str, ...]
    counts: Mapping[str, int]
    data: str
    split: str
    without_lungs: int
    lesions: str
    redrawn_images: int
    other: str
    seed: int
    weights: str
    seconds: float
    methods: tuple[MethodCheck, ...]
    agreement: tuple[tuple[float, ...], ...]
    right: Estimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the values for JSON, with what each method passed and the sentences."""
        methods = [asdict(one) | {"passed": one.passed} for one in self.methods]
        return {**asdict(self), "classes": list(self.classes), "methods": methods, "sentences": list(self.sentences)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave; other keys are ignored."""
        found: Self = TypeAdapter(cls).validate_python(dict(values))
        return found

    @property
    def sentences(self) -> tuple[str, ...]:
        """How well the network decides, which methods passed, and what lies outside the lungs by class, in words."""
        tests = describe_tests(self.methods, self.other, self.lesions)
        commonest = max(self.counts.values()) / self.images
        knows = () if self.right is None else (describe_network(self.right, commonest),)
        return (*knows, *tests, *describe_outside(self.methods))
