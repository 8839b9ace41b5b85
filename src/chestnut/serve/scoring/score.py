"""`Score`: what a network says of one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Judgement:
    """What a guard says of an image.

    Attributes:
        in_distribution: Whether the image is like the training images.
        score: The share of usual images that are at least as strange, in 0..1.
        reason: What is strange about it; empty if it is like them.
    """

    in_distribution: bool
    score: float
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict for JSON."""
        return {"in_distribution": self.in_distribution, "score": self.score, "reason": self.reason}


@dataclass(frozen=True)
class Score:
    """What a network says of one image.

    Attributes:
        name: What the client calls the image; it goes back to that client and nowhere else.
        digest: The SHA-256 of the pixels that the network saw.
        bundle: The SHA-256 that identifies the bundle.
        probabilities: The probability of each class by its name, which sum to 1.
        decision: The class that is decided.
        threshold: The probability of the positive class from which the decision is positive; None for more than two
            classes.
        guard: What the guard says; None without one.
        lungs_found: Whether the lungs were found; None if the network's input does not need them.
    """

    name: str
    digest: str
    bundle: str
    probabilities: dict[str, float]
    decision: str
    threshold: float | None
    guard: Judgement | None
    lungs_found: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Return the score for JSON."""
        return {
            "name": self.name,
            "pixels": self.digest,
            "bundle": self.bundle,
            "probabilities": self.probabilities,
            "decision": self.decision,
            "threshold": self.threshold,
            "guard": None if self.guard is None else self.guard.to_dict(),
            "lungs": self.lungs_found,
        }
