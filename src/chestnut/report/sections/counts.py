"""Count the images and patients of a manifest.csv by class and split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

_SPLITS = {"train": "Training", "val": "Validation", "test": "Test", "": "No split"}


@dataclass(frozen=True)
class Cell:
    """The numbers of images and patients of one class in one split."""

    images: int
    patients: int


@dataclass(frozen=True)
class Counts:
    """The table of classes by splits.

    Attributes:
        splits: The headings of the columns, `Total` last.
        rows: The name of each class with a cell for each column; the last row is the total.
    """

    splits: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def count_images(frame: pd.DataFrame | None, facts: Mapping[str, Any]) -> Counts | None:
    """Count images and patients of every class and split; None if there is no manifest.

    Args:
        frame: The rows of a manifest.csv as text.
        facts: The content of the data.json beside it, whose `classes` give the order of the rows.
    """
    if frame is None:
        return None
    known = [str(name) for name in facts.get("classes", ())]
    labels = [*known, *sorted(set(frame["label"]) - set(known))]
    splits = [split for split in _SPLITS if (frame["split"] == split).any()]

    def row(chosen: pd.DataFrame) -> tuple[Cell, ...]:
        parts = [chosen[chosen["split"] == split] for split in splits]
        return tuple(Cell(len(part), int(part["patient"].nunique())) for part in (*parts, chosen))

    rows = [(label or "no label", row(frame[frame["label"] == label])) for label in labels]
    return Counts((*(_SPLITS[split] for split in splits), "Total"), (*rows, ("Total", row(frame))))
