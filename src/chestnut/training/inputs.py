"""What a network is fed while it trains: images, or what a frozen part made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.inference.keras_engine import as_batch

Rows = npt.NDArray[np.int64]


class Inputs(Protocol):
    """Inputs of a network by row; they may differ from epoch to epoch."""

    def __len__(self) -> int:
        """How many there are."""

    def turn(self, epoch: int) -> None:
        """Make ready for an epoch, counted from 0."""

    def batch(self, rows: Rows) -> npt.NDArray[Any]:
        """What the network is fed for some rows, (b, …)."""


@dataclass(frozen=True)
class Images:
    """Decoded images.

    Attributes:
        pixels: Grey values, array-like of shape (n, height, width), uint8.
        spec: What the network is fed.
    """

    pixels: Any
    spec: InputSpec

    def __len__(self) -> int:
        return len(self.pixels)

    def turn(self, epoch: int) -> None:
        """Images are the same in every epoch."""

    def batch(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """Images (b, height, width, channels) of grey values 0..255."""
        return as_batch(np.asarray(self.pixels[rows]), self.spec)


class Features:
    """What a frozen part made of the images, in one or several augmented passes that epochs take in turns.

    Args:
        passes: Outputs of each pass, (n, …), float16.
        places: For each pass, where each row stands in it, (n,).
    """

    def __init__(self, passes: list[npt.NDArray[np.float16]], places: list[Rows]) -> None:
        self._passes = passes
        self._places = places
        self.turn(0)

    def __len__(self) -> int:
        return len(self._places[0])

    def turn(self, epoch: int) -> None:
        """Take the pass of an epoch."""
        self._current = epoch % len(self._passes)

    def batch(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Features (b, …)."""
        return self._passes[self._current][self._places[self._current][rows]].astype(np.float32)
