"""`Verdicts`: whether images are like those that a network was trained on, how rare they are, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.pixels import Grey
from chestnut.evaluation.arrays import Floats
from chestnut.inference.guard.looks import Looks, Seen
from chestnut.inference.guard.reference import SIGNS, GuardReference, Sign
from chestnut.lungfield.find import find_lungs

#: What is said of an image by the quarter turns, to the left, after which its lungs are found.
_TURNED = {1: "rotated by 90° to the right", 2: "upside down", 3: "rotated by 90° to the left"}

#: The number of reasons that a sentence names.
_NAMED = 4

_REASONS: dict[Sign, str] = {
    "flat": "almost no contrast",
    "tone": "grey values look inverted",
    "placement": "lungs lie unlike those of the training images",
    "features": "far from the training images",
}


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What a guard says of images.

    Attributes:
        in_distribution: Whether each image is like those that the network was trained on.
        scores: The share of usual images that are at least as strange, 0..1, shape (n,).
        reasons: What is strange about each image that is not like them; empty for the others.
        strangeness: How strange each image is, on a scale without an end, shape (n,).
    """

    in_distribution: tuple[bool, ...]
    scores: Floats
    reasons: tuple[str, ...]
    strangeness: Floats

    def __len__(self) -> int:
        return len(self.reasons)

    @property
    def counts(self) -> Counter[str]:
        """The number of images by reason, without those that are like the training images."""
        return Counter(reason for reason, inside in zip(self.reasons, self.in_distribution, strict=True) if not inside)

    @classmethod
    def none(cls) -> Self:
        """Return the verdicts of no images."""
        return cls((), np.zeros(0), (), np.zeros(0))

    @classmethod
    def joined(cls, parts: Sequence[Verdicts]) -> Self:
        """Join verdicts of several lists of images."""
        return cls(
            tuple(inside for part in parts for inside in part.in_distribution),
            np.concatenate([part.scores for part in parts]),
            tuple(reason for part in parts for reason in part.reasons),
            np.concatenate([part.strangeness for part in parts]),
        )

    def first(self, count: int) -> Verdicts:
        """Return the verdicts of the first images."""
        return replace(
            self,
            in_distribution=self.in_distribution[:count],
            scores=self.scores[:count],
            reasons=self.reasons[:count],
            strangeness=self.strangeness[:count],
        )

    def to_rows(self) -> list[dict[str, Any]]:
        """Return `in_distribution`, `score` and `reason` of each image, for JSON."""
        columns = zip(self.in_distribution, self.scores.tolist(), self.reasons, strict=True)
        return [{"in_distribution": inside, "score": score, "reason": reason} for inside, score, reason in columns]


def verdicts(
    reference: GuardReference,
    images: Sequence[Seen],
    features: npt.ArrayLike,
    spec: InputSpec,
    threads: int | None = None,
) -> Verdicts:
    """Judge whether images are like those that a network was trained on.

    Args:
        reference: What is usual.
        images: The images.
        features: Their features by the network, shape (n, features).
        spec: The input of the network.
        threads: The number of threads; None for one per core.
    """
    by_sign = reference.strangeness(Looks.measure(images, spec, threads), features)
    strangeness = by_sign.max(axis=1)
    scores = reference.scores(strangeness)
    inside = scores > reference.rate
    reasons = [
        "" if usual else _explain(image, _strange_signs(row, reference))
        for image, row, usual in zip(images, by_sign, inside.tolist(), strict=True)
    ]
    return Verdicts(tuple(inside.tolist()), scores, tuple(reasons), strangeness)


def _strange_signs(row: Floats, reference: GuardReference) -> list[Sign]:
    """Return the signs that would be enough to flag an image, in the order in which they explain it."""
    rare = reference.scores(row) <= reference.rate
    return [sign for sign, enough in zip(SIGNS, rare.tolist(), strict=True) if enough]


def _explain(image: Seen, signs: Sequence[Sign]) -> str:
    """Say what is strange about an image."""
    if "lungs" in signs and "flat" not in signs:
        return _explain_lungs(image.view)
    if signs[0] == "size":
        height, width = image.stored
        return f"only {width}×{height} pixels"
    return _REASONS[signs[0]]


def _explain_lungs(view: Grey) -> str:
    """Say how an image is turned, or that it shows no lungs."""
    for turns, words in _TURNED.items():
        if find_lungs(np.ascontiguousarray(np.rot90(view, turns))).found:
            return words
    lungs = find_lungs(view)
    return "lungs are hard to make out" if lungs.found else f"not a chest from the front: {lungs.reason}"


def describe_outliers(reasons: Mapping[str, int], count: int) -> str:
    """Say how many of some images are unlike the training images, and why; empty if none is.

    >>> describe_outliers({"upside down": 2, "almost no contrast": 1}, 40)
    '3 of 40 images are unlike the training images (2 upside down, 1 almost no contrast)'
    """
    if not reasons:
        return ""
    frequent = Counter(reasons).most_common(_NAMED)
    shown = [f"{number:,} {reason}" for reason, number in frequent]
    total = sum(reasons.values())
    if others := total - sum(number for _, number in frequent):
        shown.append(f"{others:,} for other reasons")
    return f"{total:,} of {count:,} images are unlike the training images ({', '.join(shown)})"
