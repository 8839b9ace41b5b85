"""Assign labels from a CSV to images found in a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from chestnut.data.formats import DICOM_SUFFIXES, PICTURE_SUFFIXES
from chestnut.data.sources.dicom_header import Header
from chestnut.data.sources.record import Image
from chestnut.data.sources.scan import suffix
from chestnut.data.sources.table import Columns, read_table
from chestnut.errors import DataError
from chestnut.names import shown

_AMBIGUOUS = -1
_UNKNOWN = Header()
_KEYS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "path": lambda cell: name_forms(cell),  # noqa: PLW0108 -- defined further down
    "uid": lambda cell: (cell,),
    "patient": lambda cell: (cell,),
}


class _Claim(NamedTuple):
    """The row that an image matches.

    Attributes:
        row: The index of the row.
        rank: How closely the image matches, from 0, the closest.
        shared: Whether several images may have this row.
    """

    row: int
    rank: int
    shared: bool


class Labels:
    """A table of labels for images that were found in a folder.

    A row belongs to an image if the path (absolute or below the folder), the file name (with or without suffix) or the
    SOPInstanceUID agrees. In a table without these columns, it belongs to all images of its patient.

    Args:
        file: The CSV.
        columns: The names of its columns, where they are not the usual ones.

    Raises:
        DataError: No column identifies the images, no column has labels, a row has no label, or an image has two
            different labels.
    """

    def __init__(self, file: str, columns: Columns) -> None:
        table, self.notes = read_table(file, columns)
        table.need("label")
        keys: list[str] = [part for part in ("path", "uid") if part in table.columns]
        if not keys and "patient" not in table.columns:
            table.need("path")
        self.file = file
        self._keys = keys or ["patient"]
        empty = table.cells["label"] == ""
        if empty.any():
            lines = table.lines(empty, self._keys[0])
            raise DataError(f"{file}: {int(empty.sum()):,} rows have no label: {lines}; fill it in or remove the row")
        self._rows = table.records()
        self._indexes = {part: self._build_index(part, list(table.cells[part])) for part in self._keys}

    def __len__(self) -> int:
        return len(self._rows)

    def assign(self, images: Sequence[Image], headers: Mapping[str, Header]) -> list[Image | None]:
        """Return the images with the facts from their rows, or None for an image without a row of its own.

        A row that matches several images by file name only belongs to none of them.
        """
        claims = [self._claim(image, headers.get(image.path, _UNKNOWN)) for image in images]
        fits = Counter((claim.row, claim.rank) for claim in claims if claim)
        closest = dict(sorted(fits, reverse=True))  # the last entry of a row, its lowest rank, wins
        return [
            self._add_facts(image, claim.row)
            if claim and (claim.shared or (claim.rank == closest[claim.row] and fits[claim.row, claim.rank] == 1))
            else None
            for image, claim in zip(images, claims, strict=True)
        ]

    def _claim(self, image: Image, header: Header) -> _Claim | None:
        known = {
            "path": (name_forms(image.path)[0], *name_forms(image.name)),
            "uid": (header.uid,),
            "patient": (image.patient,),
        }
        for part in self._keys:
            for rank, form in enumerate(known[part]):
                row = self._indexes[part].get(form, _AMBIGUOUS)
                if form and row != _AMBIGUOUS:
                    return _Claim(row, rank, shared=part != "path")
        return None

    def _add_facts(self, image: Image, row: int) -> Image:
        facts = {column: cell for column, cell in self._rows[row].items() if cell}
        told = image.attributes
        facted = image._replace(**facts, origin="column" if "patient" in facts else image.origin)
        return facted.with_attributes(told)

    def _build_index(self, part: str, cells: list[str]) -> dict[str, int]:
        """Return the row for every form of a key; a shorter form shared by rows with different labels has no row."""
        index: dict[str, int] = {}
        forms = [_KEYS[part](cell) for cell in cells]
        for rank in range(len(forms[0])):
            for row, form in enumerate(forms):
                first = index.setdefault(form[rank], row)
                if first == _AMBIGUOUS or self._rows[first]["label"] == self._rows[row]["label"]:
                    continue
                if rank == 0 and form[0]:
                    raise DataError(
                        f"{self.file}: {shown(form[0])} is {self._rows[first]['label']!r} in line {first + 2} and "
                        f"{self._rows[row]['label']!r} in line {row + 2}; keep only one"
                    )
                index[form[rank]] = _AMBIGUOUS
        return index


def name_forms(path: str) -> tuple[str, str, str]:
    """Return the ways in which a table may name an image: its path, its file name, and that without the suffix.

    >>> name_forms("a/b.png")
    ('a/b.png', 'b.png', 'b')
    """
    path = path.replace(os.sep, "/").removeprefix("./")
    name = path.rpartition("/")[2]
    ending = suffix(name)
    return path, name, name[: -len(ending)] if ending in PICTURE_SUFFIXES | DICOM_SUFFIXES else name
