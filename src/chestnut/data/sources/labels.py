"""Labels from a CSV for images that were found in a folder; called by `sources` and `folders`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from chestnut.data.formats import DICOM_SUFFIXES, PICTURE_SUFFIXES
from chestnut.data.sources.dicom_header import Header
from chestnut.data.sources.record import Image
from chestnut.data.sources.scan import shown, suffix
from chestnut.data.sources.table import Columns, read_table
from chestnut.errors import DataError

_AMBIGUOUS = -1
_UNKNOWN = Header("", "")
_KEYS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "path": lambda cell: _forms(cell),  # noqa: PLW0108 -- defined further down
    "uid": lambda cell: (cell,),
    "patient": lambda cell: (cell,),
}


class _Claim(NamedTuple):
    """A row that an image fits, how closely (0 the closest), and whether other images may have it too."""

    row: int
    rank: int
    shared: bool


class Labels:
    """What a CSV tells about images that were found in a folder.

    A row belongs to an image by its path or file name (with or without suffix) or by its SOPInstanceUID; in a table
    that has neither, by its patient.

    Args:
        file: The CSV.
        columns: Names of its columns, where they are not the usual ones.

    Raises:
        DataError: No column to know the images by, none with labels, rows without a label, or one image labelled twice
            and differently.
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
            raise DataError(f"{file}: {int(empty.sum()):,} rows have no label: {lines}; fill it or remove the row")
        self._rows = table.records()
        self._indexes = {part: self._indexed(part, list(table.cells[part])) for part in self._keys}

    def __len__(self) -> int:
        return len(self._rows)

    def assign(self, images: Sequence[Image], headers: Mapping[str, Header]) -> list[Image | None]:
        """The images with what their rows say; None for one that has no row, or none of its own.

        A row that several images fit by their file names alone belongs to none of them.
        """
        claims = [self._claim(image, headers.get(image.path, _UNKNOWN)) for image in images]
        fits = Counter((claim.row, claim.rank) for claim in claims if claim)
        closest = dict(sorted(fits, reverse=True))  # the last of a row stays, its lowest rank
        return [
            self._said(image, claim.row)
            if claim and (claim.shared or (claim.rank == closest[claim.row] and fits[claim.row, claim.rank] == 1))
            else None
            for image, claim in zip(images, claims, strict=True)
        ]

    def _claim(self, image: Image, header: Header) -> _Claim | None:
        known = {"path": _forms(image.name), "uid": (header.uid,), "patient": (image.patient,)}
        for part in self._keys:
            for rank, form in enumerate(known[part]):
                row = self._indexes[part].get(form, _AMBIGUOUS)
                if form and row != _AMBIGUOUS:
                    return _Claim(row, rank, shared=part != "path")
        return None

    def _said(self, image: Image, row: int) -> Image:
        said = {column: cell for column, cell in self._rows[row].items() if cell}
        return image._replace(**said, origin="column" if "patient" in said else image.origin)

    def _indexed(self, part: str, cells: list[str]) -> dict[str, int]:
        """Rows by every form of a key; a shorter form that fits rows with different labels fits none."""
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
                        f"{self._rows[row]['label']!r} in line {row + 2}; keep one of them"
                    )
                index[form[rank]] = _AMBIGUOUS
        return index


def _forms(path: str) -> tuple[str, str, str]:
    """A path, its file name, and that without suffix: the ways in which a table may name an image.

    >>> _forms("a/b.png")
    ('a/b.png', 'b.png', 'b')
    """
    path = path.replace(os.sep, "/").removeprefix("./")
    name = path.rpartition("/")[2]
    ending = suffix(name)
    return path, name, name[: -len(ending)] if ending in PICTURE_SUFFIXES | DICOM_SUFFIXES else name
