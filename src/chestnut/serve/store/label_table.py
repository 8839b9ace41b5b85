"""`LabelTable`: the verdicts of reviewers as labels to train on."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chestnut.serve.store.row import Row, RowVerdict

#: The columns of the table.
COLUMNS = (
    "path",
    "label",
    "patient",
    "prediction",
    "time",
    "model",
    "bundle",
    "decision",
    "verdict",
    "reviewer",
    "note",
)

#: The letters with which a spreadsheet begins a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class LabelTable:
    """The verdicts of reviewers as labels to train on.

    An image has one label: what its latest verdict says.

    Attributes:
        rows: A row for each image, the latest verdict first; its cells are those of `COLUMNS`.
        left_out: The number of images without a row by the reason: `unsure` verdicts, `unlabelled` ones that disagree
            and do not say with what the image shows, and images that were `not kept`.
    """

    rows: tuple[tuple[str, ...], ...]
    left_out: dict[str, int]

    def left_out_text(self) -> str:
        """Return the numbers of images without a row in a line, such as `1 unsure, 3 not kept`; empty if none is."""
        return ", ".join(f"{count} {reason}" for reason, count in self.left_out.items())

    def to_csv(self) -> str:
        """Return the table as a CSV file, whose paths start at the folder of the kept images."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(self.rows)
        return file.getvalue()


def make_labels(judged: Iterable[Row]) -> LabelTable:
    """Return the labels that predictions with verdicts give.

    Args:
        judged: The predictions, the latest verdict first.
    """
    left_out: Counter[str] = Counter()
    rows = [tuple(cells) for cells in _label_each(judged, left_out)]
    return LabelTable(tuple(rows), dict(left_out))


def list_verdicts(judged: Iterable[Row]) -> LabelTable:
    """Return the latest verdict on each prediction, whether it gives a label or not.

    Cells that are unknown are empty: the path of an image that was not kept, and the label of an unsure verdict.

    Args:
        judged: The predictions, the latest verdict first.
    """
    rows = []
    for row in judged:
        verdict = row.verdicts[-1]
        label = None if verdict.verdict == "unsure" else _find_label(row, verdict)
        rows.append(tuple(_cells(row, verdict, row.kept or "", label or "")))
    return LabelTable(tuple(rows), {})


def _label_each(judged: Iterable[Row], left_out: Counter[str]) -> Iterator[list[str]]:
    seen: set[str] = set()
    for row in judged:
        if row.kept is None:
            left_out["not kept"] += 1
            continue
        if row.kept in seen:
            continue
        seen.add(row.kept)
        verdict = row.verdicts[-1]
        if verdict.verdict == "unsure":
            left_out["unsure"] += 1
        elif (label := _find_label(row, verdict)) is None:
            left_out["unlabelled"] += 1
        else:
            yield _cells(row, verdict, row.kept, label)


def _find_label(row: Row, verdict: RowVerdict) -> str | None:
    """Return what an image shows according to its verdict; of two classes, the other one where it only disagrees."""
    if verdict.label is not None:
        return verdict.label
    if verdict.verdict == "agree":
        return row.decision
    others = [name for name in row.probabilities if name != row.decision]
    return others[0] if len(others) == 1 else None


def _cells(row: Row, verdict: RowVerdict, path: str, label: str) -> list[str]:
    known = (row.id, verdict.time.isoformat(), row.model, row.bundle, row.decision, verdict.verdict)
    typed = (verdict.reviewer, verdict.note)
    return [path, label, row.subject.patient or "", *known, *map(_as_text, typed)]


def _as_text(cell: str) -> str:
    """Return what a reviewer typed so that no spreadsheet takes it for a formula.

    >>> _as_text("=1+1"), _as_text("left base")
    ("'=1+1", 'left base')
    """
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
