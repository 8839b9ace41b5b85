"""Arrange the confusion matrix of an evaluation as a table, with the shares of rows and columns."""

from __future__ import annotations

from dataclasses import dataclass

from chestnut.evaluation.metrics import Evaluation


@dataclass(frozen=True)
class ConfusionRow:
    """A true class.

    Attributes:
        label: Its name.
        cells: For each decided class, the number of images, and their share of this true class; no share without
            images.
        images: The number of images of the class.
    """

    label: str
    cells: tuple[tuple[int, float | None], ...]
    images: int


@dataclass(frozen=True)
class ConfusionTable:
    """The confusion matrix of an evaluation.

    Attributes:
        classes: The classes, in the order of rows and columns.
        rows: A row for each true class.
        decided: For each decided class, the number of images, and the share of them that are of this class.
        images: The number of all images.
    """

    classes: tuple[str, ...]
    rows: tuple[ConfusionRow, ...]
    decided: tuple[tuple[int, float | None], ...]
    images: int

    @property
    def sentence(self) -> str:
        """The counts, in words."""
        rows = [
            f"of {row.images:,} {row.label}, "
            + ", ".join(f"{count:,} decided {name}" for name, (count, _) in zip(self.classes, row.cells, strict=True))
            for row in self.rows
        ]
        return "; ".join(rows)


def arrange_confusion(evaluation: Evaluation) -> ConfusionTable | None:
    """Return the confusion matrix of an evaluation with its shares; None where the evaluation has none."""
    counts = evaluation.confusion
    if not counts:
        return None
    rows = tuple(
        ConfusionRow(label, tuple((cell, _share(cell, sum(row))) for cell in row), sum(row))
        for label, row in zip(evaluation.classes, counts, strict=True)
    )
    totals = [sum(row[at] for row in counts) for at in range(len(counts))]
    decided = tuple((total, _share(counts[at][at], total)) for at, total in enumerate(totals))
    return ConfusionTable(tuple(evaluation.classes), rows, decided, sum(totals))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
