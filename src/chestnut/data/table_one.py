"""`TableOne`: who is in a data set, by split and class, as the first table of a paper tells it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.data.columns import find_columns, known_columns, read_columns
from chestnut.data.manifest import SPLITS, Manifest
from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.grouping import FEW_NUMBERS, FEWEST_SHOWN, Grouping, parse_numbers
from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.intervals.estimate import format_figure
from chestnut.evaluation.patients import number_patients

#: A standardised mean difference from which two parts are called unlike (Austin 2009, Statistics in Medicine 28:3083).
UNLIKE = 0.1

_UNKNOWN = "not known"
_DIFFERENCES = ("SMD of splits", "SMD of classes")
_NUMBER = "median (quartiles)"
_QUARTILES = (0.25, 0.5, 0.75)
# More columns than these make a table that no page holds: then classes and splits stand side by side, not crossed.
_MOST_CROSSED = 6

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        variable: What is told, such as sex.
        level: Which of its values is counted, or how a number is told.
        cells: The cell of each column as text, such as "45 (30–61)" or "12 (34 %)".
        splits: On the first row of a variable, the greatest standardised mean difference of two splits; else None.
        classes: The same of two classes.
    """

    variable: str
    level: str
    cells: tuple[str, ...]
    splits: float | None = None
    classes: float | None = None


@dataclass(frozen=True)
class TableOne:
    """Images, patients and attributes of a data set by split and class.

    Attributes:
        columns: The headings of the columns, the first of all images together.
        rows: The rows, those of one variable together.
        notes: How the table is to be read, in sentences.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, classes: Sequence[str], variables: Mapping[str, Sequence[str]]) -> TableOne:
        """Make the table.

        Args:
            frame: The images with their `label`, `patient` and `split`.
            classes: The names of the classes, in order.
            variables: The cells of each attribute, an empty text where nothing is known.

        >>> frame = pd.DataFrame({"label": ["A", "B"] * 10, "patient": [str(k // 2) for k in range(20)], "split": ""})
        >>> table = TableOne.of(frame, ["A", "B"], {"sex": ["F"] * 12 + ["M"] * 8})
        >>> table.to_frame()["all"].tolist()
        ['20', '10', '2 (2–2)', '6 (60 %)', '4 (40 %)']
        """
        builder = _Builder(frame, tuple(classes))
        rows = [*builder.counts(), *(row for name in variables for row in builder.variable(name, variables[name]))]
        return cls(tuple(builder.parts), tuple(rows), tuple(builder.notes))

    @property
    def unlike(self) -> tuple[str, ...]:
        """The variables in which two splits differ by more than `UNLIKE`."""
        return tuple(row.variable for row in self.rows if row.splits is not None and row.splits > UNLIKE)

    def to_frame(self) -> pd.DataFrame:
        """Return the table with the variable and its level as index, and texts as cells."""
        index = pd.MultiIndex.from_tuples([(row.variable, row.level) for row in self.rows], names=["variable", "level"])
        made = pd.DataFrame([row.cells for row in self.rows], index=index, columns=list(self.columns))
        differences = [(row.splits, row.classes) for row in self.rows]
        return made.join(pd.DataFrame(differences, index=index, columns=list(_DIFFERENCES), dtype=float))

    def to_dict(self) -> dict[str, Any]:
        """Return `columns`, `rows` and `notes` for JSON."""
        return asdict(self) | {
            "columns": list(self.columns),
            "rows": [asdict(row) | {"cells": list(row.cells)} for row in self.rows],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TableOne:
        """Read what `to_dict` returned.

        Raises:
            DataError: The values do not describe a table.
        """
        try:
            columns = tuple(map(str, values["columns"]))
            rows = tuple(Row(**{**row, "cells": tuple(map(str, row["cells"]))}) for row in values["rows"])
            notes = tuple(map(str, values["notes"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"not a table of a data set ({error!r}); audit the data again") from error
        numbers = [number for row in rows for number in (row.splits, row.classes) if number is not None]
        if any(len(row.cells) != len(columns) for row in rows) or not all(
            isinstance(number, int | float) for number in numbers
        ):
            raise DataError("a table of a data set with rows of several lengths; audit the data again")
        return cls(columns, rows, notes)

    def _repr_html_(self) -> str:
        rows = [
            (
                f"{row.variable}: {row.level}" if row.level else row.variable,
                *row.cells,
                *("" if number is None else format_figure(number, 2) for number in (row.splits, row.classes)),
            )
            for row in self.rows
        ]
        return html_table(rows, ("", *self.columns, *_DIFFERENCES), notes=self.notes)


def table_one(manifest: Manifest, columns: Sequence[str] | None = None) -> TableOne:
    """Return who is in a data set, by split and class.

    Args:
        manifest: The images.
        columns: The attributes to tell of; None for all that the data have, and the source. `format` and `megapixels`
            are read from the image files.

    Raises:
        DataError: The images have no such column.
    """
    if columns is None:
        chosen: tuple[str, ...] = tuple(name for name in known_columns(manifest) if name in manifest.frame)
    else:
        chosen = find_columns(manifest, columns, "columns")
    return TableOne.of(manifest.frame, manifest.classes, read_columns(manifest, chosen))


class _Builder:
    """The parts of a data set that are the columns of its table, and the rows that tell of them."""

    def __init__(self, frame: pd.DataFrame, classes: tuple[str, ...]) -> None:
        self.owners, self.patients = number_patients(frame["patient"])
        self.labels, self.classes = frame["label"].to_numpy(dtype=str), classes
        held = frame["split"].to_numpy(dtype=str)
        self.splits: dict[str, Rows] = {split: held == split for split in SPLITS if (held == split).any()}
        self.by_class: dict[str, Rows] = {name: self.labels == name for name in classes if (self.labels == name).any()}
        self.parts: dict[str, Rows] = {"all": np.ones(len(frame), dtype=np.bool_), **self._divide()}
        self.by_image: list[str] = []

    def _divide(self) -> dict[str, Rows]:
        if self.splits and len(self.splits) * len(self.by_class) <= _MOST_CROSSED:
            crossed = {
                f"{split}, {name}": part & of_class
                for split, part in self.splits.items()
                for name, of_class in self.by_class.items()
            }
            return {name: rows for name, rows in crossed.items() if rows.any()}
        return {**self.by_class, **self.splits}

    @property
    def notes(self) -> Iterator[str]:
        yield "Counts with their share of those known, or the median with the quartiles. Not known: the share of all."
        if self.by_image:
            yield f"Counted by image, since it differs between images of a patient: {', '.join(self.by_image)}."
        if len(self.splits) > 1 or len(self.by_class) > 1:
            yield (
                "SMD: the greatest standardised mean difference of two splits, or of two classes. Above "
                f"{UNLIKE:g} they are called unlike; small ones differ by as much by chance."
            )

    def counts(self) -> Iterator[Row]:
        """Yield the rows of images, patients and images of a patient."""
        codes = np.array([self.classes.index(name) if name in self.classes else -1 for name in self.labels])
        differing = _greatest([_shares(codes[rows], len(self.classes)) for rows in self.splits.values()], _apart)
        yield Row("images", "", tuple(f"{int(rows.sum()):,}" for rows in self.parts.values()), differing)
        sizes = [np.unique(self.owners[rows], return_counts=True)[1] for rows in self.parts.values()]
        yield Row("patients", "", tuple(f"{len(each):,}" for each in sizes))
        yield Row("images a patient", _NUMBER, tuple(_quartiles(each.astype(np.float64)) for each in sizes))

    def variable(self, name: str, cells: Sequence[str]) -> Iterator[Row]:
        """Yield the rows of an attribute: its numbers, or how many have each of its values."""
        texts, unit_of = self._units(name, list(cells))

        def units(parts: Mapping[str, Rows]) -> list[Ints]:
            return [np.unique(unit_of[rows]) for rows in parts.values()]

        values = parse_numbers(texts)
        if values is not None and len(np.unique(values[~np.isnan(values)])) > FEW_NUMBERS:
            told = [_quartiles(values[each]) for each in units(self.parts)]
            differing = [
                _greatest([values[each] for each in units(parts)], _means_apart)
                for parts in (self.splits, self.by_class)
            ]
            yield Row(name, _NUMBER, tuple(told), *differing)
            known = ~np.isnan(values)
        else:
            owners = np.arange(len(texts)) if len(texts) == self.patients else self.owners
            grouping = Grouping.of(name, texts, owners)
            differing = [
                _greatest([_shares(grouping.codes[each], len(grouping.labels)) for each in units(parts)], _apart)
                for parts in (self.splits, self.by_class)
            ]
            for code, level in enumerate(grouping.labels):
                told = [_count(grouping.codes[each], code) for each in units(self.parts)]
                yield Row(name, level, tuple(told), *(differing if code == 0 else ()))
            known = grouping.codes >= 0
        if not known.all():
            yield Row(name, _UNKNOWN, tuple(_count_unknown(known[each]) for each in units(self.parts)))

    def _units(self, name: str, cells: list[str]) -> tuple[list[str], Ints]:
        """Return the texts that are counted, one for each patient or each image, and which one belongs to an image."""
        of_patient = [""] * self.patients
        for owner, text in zip(self.owners.tolist(), cells, strict=True):
            if text and of_patient[owner] not in ("", text):
                self.by_image.append(name)
                return cells, np.arange(len(cells))
            of_patient[owner] = of_patient[owner] or text
        return of_patient, self.owners


def _quartiles(values: Floats) -> str:
    """Return the median with the quartiles; a dash where so few are known that they would show single persons."""
    known = values[~np.isnan(values)]
    if len(known) < FEWEST_SHOWN:
        return "–"
    low, median, high = (f"{end:.3g}" if abs(end) < 1000 else f"{end:,.0f}" for end in np.quantile(known, _QUARTILES))
    return f"{median} ({low}–{high})"


def _count(codes: Ints, code: int) -> str:
    """Return how many have a value, and their share of those of which it is known."""
    known, held = int((codes >= 0).sum()), int((codes == code).sum())
    return f"{held:,} ({100 * held / known:.0f} %)" if known else "0"


def _count_unknown(known: Rows) -> str:
    """Return of how many nothing is known, and their share of all."""
    missing = int((~known).sum())
    return f"{missing:,} ({100 * missing / len(known):.0f} %)" if missing else "0"


def _shares(codes: Ints, number: int) -> Floats:
    """Return the share of each value among those known; NaN where none is."""
    known = codes[codes >= 0]
    return np.bincount(known, minlength=number) / len(known) if len(known) else np.full(number, np.nan)


def _greatest(parts: Sequence[Floats], apart: Callable[[Floats, Floats], float]) -> float | None:
    """Return the greatest difference of two parts; None where none is defined."""
    found = [apart(one, other) for one, other in combinations(parts, 2)]
    known = [difference for difference in found if math.isfinite(difference)]
    return max(known, default=None)


def _means_apart(one: Floats, other: Floats) -> float:
    """Return the standardised difference of two means (Cohen 1988): in mean standard deviations."""
    one, other = one[~np.isnan(one)], other[~np.isnan(other)]
    if min(len(one), len(other)) < 2:
        return math.nan
    spread = math.sqrt((float(one.var(ddof=1)) + float(other.var(ddof=1))) / 2)
    between = abs(float(one.mean() - other.mean()))
    return between / spread if spread else (0.0 if not between else math.nan)


def _apart(one: Floats, other: Floats) -> float:
    """Return the standardised difference of two divisions into groups (Yang and Dalton 2012, SAS Global Forum 335).

    It is the Mahalanobis distance of the shares of all groups but one, and for two groups the usual one of a share.
    """
    if not np.isfinite([one, other]).all():
        return math.nan
    difference = (one - other)[1:]
    spread = np.zeros((len(difference), len(difference)))
    for shares in (one[1:], other[1:]):
        spread += (np.diag(shares) - np.outer(shares, shares)) / 2
    squared = float(difference @ np.linalg.pinv(spread, hermitian=True) @ difference)
    return math.sqrt(max(squared, 0.0))
