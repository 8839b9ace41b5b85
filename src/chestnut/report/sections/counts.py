"""The table of classes by splits: images, and their patients, as a manifest.csv lists them.

Called by this room's pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chestnut.report.cells import read_cells

_SPLITS = {"train": "Training", "val": "Validation", "test": "Test", "": "No split"}


@dataclass(frozen=True)
class Cell:
    """Images and patients of one class in one split."""

    images: int
    patients: int


@dataclass(frozen=True)
class Counts:
    """The table of classes by splits.

    Attributes:
        splits: Names of the columns, `Total` last.
        rows: Class name and a cell a column; the last row is the total.
    """

    splits: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def count_images(manifest: Path, facts: Mapping[str, Any]) -> Counts | None:
    """Images and patients of every class and split; None without a manifest.

    Args:
        manifest: A manifest.csv.
        facts: What is known of its data; the `classes` are shown in their order.

    Raises:
        DataError: The manifest is no table, or lacks a column.
    """
    if not manifest.is_file():
        return None
    frame = read_cells(manifest, ("label", "patient", "split"))
    known = [str(name) for name in facts.get("classes", ())]
    labels = [*known, *sorted(set(frame["label"]) - set(known))]
    splits = [split for split in _SPLITS if (frame["split"] == split).any()]

    def row(chosen: pd.DataFrame) -> tuple[Cell, ...]:
        parts = [chosen[chosen["split"] == split] for split in splits]
        return tuple(Cell(len(part), int(part["patient"].nunique())) for part in (*parts, chosen))

    rows = [(label or "no label", row(frame[frame["label"] == label])) for label in labels]
    return Counts((*(_SPLITS[split] for split in splits), "Total"), (*rows, ("Total", row(frame))))
