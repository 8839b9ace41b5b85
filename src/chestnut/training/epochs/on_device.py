"""`DeviceEpochs`: epochs whose batches are gathered on the device, in calls of many steps."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import TrainingError
from chestnut.training.batches import Batches
from chestnut.training.epochs.loop import Loop, Table
from chestnut.training.epochs.steps import Steps
from chestnut.training.inputs import Rows, Stored

#: The seconds that a call should take: long enough that its start does not count, short enough that progress is seen
#: and Ctrl-C is heard.
_CALL = 0.2

#: The steps of a call before the time of a step is known.
_FIRST = 8

#: The bytes of images that are copied to the device at a time where not all of them fit.
_PIECE = 1 << 28


@dataclass(frozen=True)
class Piece:
    """Consecutive steps of an epoch whose batches have one size.

    Attributes:
        first: The number of the first step in the epoch, from 0.
        steps: The number of steps.
        batch: The images of each batch.
        room: The number of steps for which arrays have room, so that a shorter piece needs no code of its own.
    """

    first: int
    steps: int
    batch: int
    room: int

    def rows(self, order: Rows, size: int) -> Rows:
        """Return the rows of the piece's images in an order with batches of a size, shape (steps, batch)."""
        start = self.first * size
        return order[start : start + self.steps * self.batch].reshape(self.steps, self.batch)


def plan_pieces(images: int, size: int, most: int) -> list[Piece]:
    """Divide an epoch into pieces: full batches, at most so many a piece, and a smaller last batch by itself.

    >>> [(piece.first, piece.steps, piece.batch, piece.room) for piece in plan_pieces(45, 10, 3)]
    [(0, 3, 10, 3), (3, 1, 10, 3), (4, 1, 5, 1)]
    """
    full, rest = divmod(images, size)
    room = max(1, min(most, full))
    pieces = [Piece(first, min(room, full - first), size, room) for first in range(0, full, room)]
    return [*pieces, Piece(full, 1, rest, 1)] if rest else pieces


class DeviceEpochs:
    """The epochs of a learner on one device.

    Where all images are kept on the device, they are copied once, and each step gathers its batch there. Otherwise a
    thread reads two pieces ahead, of several batches each, while the device computes.

    Args:
        loop: The compiled steps of the learner.
        batches: The training images.
        kept: Whether to keep all images on the device.
        piece: The bytes of images that are copied at a time where they are not kept.
    """

    def __init__(self, loop: Loop, batches: Batches, kept: bool, piece: int = _PIECE) -> None:
        self._loop = loop
        self._batches = batches
        self._kept = kept
        self._piece = piece
        self._copy: tuple[Stored, Any] | None = None
        self._known: set[tuple[int, int]] = set()
        self._seconds: float | None = None

    def run(self, steps: Steps) -> dict[str, float]:
        """Train one epoch and return its mean metrics by name.

        Raises:
            TrainingError: The loss is not finite.
        """
        self._loop.begin()
        try:
            if self._kept:
                self._run_kept(steps)
            else:
                self._run_read(steps)
        except (KeyboardInterrupt, TrainingError):  # between two calls; after a fault in a call there are no variables
            self._loop.end()
            raise
        return self._loop.end()

    def _run_kept(self, steps: Steps) -> None:
        """Run the steps on images that the device keeps."""
        size, order = self._batches.recipe.train.batch_size, self._batches.order
        images, places = self._copy_stored()
        for piece in plan_pieces(len(order), size, len(order)):
            rows = piece.rows(order, size)
            self._run_piece(piece, images, self._tabulate(piece, rows, places[rows], steps), steps)

    def _copy_stored(self) -> tuple[Any, Rows]:
        """Return the stored images of this epoch on the device, copied if they are not there yet, and their rows."""
        stored = self._batches.inputs.stored()
        if stored is None:
            raise TypeError(f"{type(self._batches.inputs).__name__} makes its images anew; it cannot be kept")
        if self._copy is None or self._copy[0].values is not stored.values:
            self._copy = None  # frees the memory first
            self._copy = (stored, self._loop.put(np.asarray(stored.values)))
        return self._copy[1], stored.places

    def _run_read(self, steps: Steps) -> None:
        """Run the steps on images that a thread reads two pieces ahead."""
        size, order = self._batches.recipe.train.batch_size, self._batches.order
        bytes_each = self._batches.inputs.raw(order[:1]).nbytes
        pieces = plan_pieces(len(order), size, max(2, self._piece // (bytes_each * size)))
        with ThreadPoolExecutor(1, thread_name_prefix="reader") as reader:
            ahead = deque(reader.submit(self._read, piece, order, size) for piece in pieces[:2])
            for number, piece in enumerate(pieces):
                images = ahead.popleft().result()
                ahead.extend(reader.submit(self._read, later, order, size) for later in pieces[number + 2 : number + 3])
                rows = piece.rows(order, size)
                places = np.arange(rows.size).reshape(rows.shape)
                self._run_piece(piece, images, self._tabulate(piece, rows, places, steps), steps)

    def _read(self, piece: Piece, order: Rows, size: int) -> Any:
        """Read the images of a piece and copy them to the device."""
        return self._loop.put(
            _fill(self._batches.inputs.raw(piece.rows(order, size).ravel()), piece.room * piece.batch)
        )

    def _tabulate(self, piece: Piece, rows: Rows, places: Rows, steps: Steps) -> Table:
        """Return the batches of a piece as the loop needs them, on the device.

        Args:
            piece: The piece.
            rows: The training rows of its images, shape (steps, batch).
            places: The rows of the same images on the device, shape (steps, batch).
            steps: The steps of the epoch, for their rates.
        """
        rates = [steps.rate(piece.first + step) for step in range(piece.steps)]
        weights = self._batches.weigh(rows)
        columns = (places.astype(np.int32), self._batches.encoded[rows], weights, np.array(rates, np.float32))
        return Table(*(None if one is None else self._loop.put(_fill(one, piece.room)) for one in columns))

    def _run_piece(self, piece: Piece, images: Any, table: Table, steps: Steps) -> None:
        """Run the steps of a piece, in calls of about `_CALL` seconds."""
        done = 0
        while done < piece.steps:
            wanted = _FIRST if self._seconds is None else max(1, round(_CALL / self._seconds))
            stop, started = min(piece.steps, done + wanted), time.perf_counter()
            losses = self._loop.run(images, table, done, stop)
            if (piece.batch, piece.room) in self._known:  # otherwise the call compiled
                self._seconds = (time.perf_counter() - started) / (stop - done)
            self._known.add((piece.batch, piece.room))
            for step, loss in enumerate(losses, piece.first + done):
                steps.finish(step, float(loss))
            done = stop


def _fill(values: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """Add zeros at the end of an array, to a length."""
    missing = count - len(values)
    return np.concatenate([values, np.zeros((missing, *values.shape[1:]), values.dtype)]) if missing else values
