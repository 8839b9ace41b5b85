"""TensorBoard event files: one scalar a metric and epoch. Needs no TensorFlow."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.config import Recipe

if TYPE_CHECKING:
    from tensorboard.summary import Writer


class TensorBoard:
    """An observer that writes event files into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: Writer | None = None

    def start(self, recipe: Recipe, done: int, batches: int) -> None:
        """Open the event file."""
        from tensorboard.summary import Writer

        self._writer = Writer(str(self.folder))

    def batch(self, done: int) -> None:
        """Batches are not written."""

    def epoch(self, row: dict[str, Any], best: bool) -> None:
        """Write an epoch's figures, training and validation under one name each so that they share a chart."""
        if self._writer is None:
            return
        for name, value in row.items():
            if name != "epoch":
                tag = f"{name.removeprefix('val_')}/{'val' if name.startswith('val_') else 'train'}"
                self._writer.add_scalar(tag, float(value), step=row["epoch"], wall_time=time.time())
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()
