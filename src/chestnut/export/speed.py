"""`Speed`: how many images a second a network computes, one at a time and many together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chestnut.inference.engines.engine import Engine, Images

#: Returns the time in seconds.
Clock = Callable[[], float]

#: The number of images that are computed together.
MANY = 32

#: How often each network is timed, in turns with the others, and for how many seconds at least.
_ROUNDS, _SECONDS = 5, 0.06


class Speed(NamedTuple):
    """Images a second.

    Attributes:
        one: One image at a time.
        many: 32 images at a time.
    """

    one: float
    many: float

    def over(self, other: Speed) -> Speed:
        """Return how many times as fast another speed this one is."""
        return Speed(self.one / other.one, self.many / other.many)

    def to_dict(self) -> dict[str, Any]:
        """Return the speed for JSON, by the number of images at a time."""
        return {"1": round(self.one, 2), str(MANY): round(self.many, 2)}


def measure_speeds(
    engines: Mapping[str, Engine], images: npt.NDArray[np.uint8], clock: Clock = time.perf_counter
) -> dict[str, Speed]:
    """Time networks that compute the logits of decoded images, in turns, since other programs may be at work.

    Args:
        engines: The networks by name.
        images: Grey values, shape (n, height, width), n ≥ 1; they are repeated up to 32.
        clock: Returns the time in seconds.

    Returns:
        The speed of each network in its fastest call, as others may have waited for other programs.
    """
    batch = images[np.arange(MANY) % len(images)]
    found: dict[str, list[Speed]] = {name: [] for name in engines}
    for engine in engines.values():
        for size in (1, MANY):
            _seconds(engine, batch[:size], clock)  # the first call prepares the network for a size
    for _ in range(_ROUNDS):
        for name, engine in engines.items():
            found[name].append(Speed(*(size / _timed(engine, batch[:size], clock) for size in (1, MANY))))
    return {name: Speed(*(max(turn) for turn in zip(*turns, strict=True))) for name, turns in found.items()}


def _timed(engine: Engine, batch: npt.NDArray[np.uint8], clock: Clock) -> float:
    """Return the seconds of the fastest of some calls."""
    times = [_seconds(engine, batch, clock)]
    while sum(times) < _SECONDS:
        times.append(_seconds(engine, batch, clock))
    return min(times)


def _seconds(engine: Engine, batch: npt.NDArray[np.uint8], clock: Clock) -> float:
    started = clock()
    engine.compute_logits(Images(batch, lambda one: one), None)
    return clock() - started
