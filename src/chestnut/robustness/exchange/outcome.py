"""`Outcome`: an exchange test with the probabilities that its figures rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chestnut.data.manifest import Manifest
from chestnut.evaluation.arrays import Floats
from chestnut.robustness.exchange.exchange import Exchange


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of an exchange test, and the probabilities that it rests on.

    Attributes:
        exchange: The result.
        manifest: The validation images that took part, in order.
        probabilities: The probabilities, each of shape (n, classes), by condition, side and draw; the images as they
            are under `("plain", "", 0)`.
    """

    exchange: Exchange
    manifest: Manifest
    probabilities: Mapping[tuple[str, str, int], Floats] = field(repr=False)
