"""The inputs of a network in training: images, or the outputs of a frozen part for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from keras import ops

from chestnut.config import InputSpec
from chestnut.inference.engines.keras_engine import as_batch

Rows = npt.NDArray[np.int64]


class Inputs(Protocol):
    """The inputs of a network by row; they may differ between epochs."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def set_epoch(self, epoch: int) -> None:
        """Prepare for an epoch, where 0 is the first."""

    def batch(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the inputs of some rows, shape (b, …)."""

    def raw(self, rows: Rows) -> npt.NDArray[Any]:
        """Return what `expand` turns into the inputs of some rows, shape (b, …), as small as possible."""

    def expand(self, raw: Any) -> Any:
        """Turn a backend's tensor of `raw` into inputs of the network, on the device."""

    def stored(self) -> Stored | None:
        """Return the array in which `raw` looks up its rows in this epoch; None if it computes them."""


@dataclass(frozen=True)
class Stored:
    """An array that contains all inputs of an epoch.

    Attributes:
        values: The values, array-like, shape (m, …).
        places: The position of each row in the values, shape (n,).
    """

    values: Any
    places: Rows


@dataclass(frozen=True)
class Images:
    """Decoded images.

    Attributes:
        pixels: The grey values, array-like, uint8, shape (n, height, width).
        spec: The input of the network.
    """

    pixels: Any
    spec: InputSpec

    def __len__(self) -> int:
        return len(self.pixels)

    def set_epoch(self, epoch: int) -> None:
        """Do nothing, since images are the same in every epoch."""

    def batch(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """Return images with grey values 0..255, shape (b, height, width, channels)."""
        return as_batch(self.raw(rows), self.spec)

    def raw(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """Return the grey values of some rows, shape (b, height, width)."""
        return np.asarray(self.pixels[rows])

    def expand(self, raw: Any) -> Any:
        """Repeat grey values for each channel of the network's input, on the device."""
        return ops.repeat(raw[..., None], self.spec.channels, axis=-1)

    def stored(self) -> Stored:
        """Return all grey values."""
        return Stored(self.pixels, np.arange(len(self)))


class Features:
    """The outputs of a frozen part, in one or several augmented passes, which epochs use in turn.

    Args:
        passes: The outputs of each pass, float16, shape (n, …).
        places: The position of each row in each pass, shape (n,).
    """

    def __init__(self, passes: list[npt.NDArray[np.float16]], places: list[Rows]) -> None:
        self._passes = passes
        self._places = places
        self.set_epoch(0)

    def __len__(self) -> int:
        return len(self._places[0])

    def set_epoch(self, epoch: int) -> None:
        """Choose the pass of an epoch."""
        self._current = epoch % len(self._passes)

    def batch(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Return the features of some rows, shape (b, …)."""
        return self.raw(rows).astype(np.float32)

    def raw(self, rows: Rows) -> npt.NDArray[np.float16]:
        """Return the features of some rows as they are kept, shape (b, …)."""
        return self._passes[self._current][self._places[self._current][rows]]

    def expand(self, raw: Any) -> Any:
        """Turn kept features into float32, on the device."""
        return ops.cast(raw, "float32")

    def stored(self) -> Stored:
        """Return the pass of this epoch."""
        return Stored(self._passes[self._current], self._places[self._current])
