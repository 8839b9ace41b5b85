"""Give the images of a manifest the attributes that a table has of them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import pandas as pd

from chestnut.data.attributes import choose_attributes
from chestnut.data.manifest import COLUMNS, Manifest
from chestnut.data.sources.labels import name_forms
from chestnut.data.sources.table import Columns, Table, read_table
from chestnut.errors import DataError, listed

#: The table in a folder of images that tells of their attributes.
ATTRIBUTES = "_attributes.csv"

_AMBIGUOUS = -1


def attach_attributes(manifest: Manifest, file: str | os.PathLike[str]) -> Manifest:
    """Return the images with the attributes that a table has of them, in place of those of the same name.

    A row belongs to an image if the path or the file name (with or without suffix) agrees; in a table without paths, to
    all images of its patient. A file name that several images have belongs to none of them.

    Args:
        manifest: The images.
        file: A CSV, such as one of age and sex.

    Raises:
        DataError: The file is not a table, has neither paths nor patients, no attribute, or none of the images.
    """
    table, _ = read_table(os.fspath(file), Columns())
    rows = _match(manifest, table)
    if all(row == _AMBIGUOUS for row in rows):
        names = "name them by path, file name or patient"
        raise DataError(f"{table.file} has none of the {len(manifest):,} images; {names}")
    told = {str(name): _pick(table.others[name].tolist(), rows) for name in table.others}
    chosen = choose_attributes(pd.DataFrame(told, index=manifest.frame.index), manifest.frame["patient"], COLUMNS)
    if chosen.empty and "source" not in table.cells:
        raise DataError(
            f"{table.file} has no column that describes groups of images; it has {listed(table.names, 12)}; give one "
            "of numbers, or of few different texts"
        )
    fresh = {str(name).casefold() for name in chosen}
    frame = manifest.frame[[name for name in manifest.frame if str(name).casefold() not in fresh]]
    if "source" in table.cells:
        frame = frame.assign(source=_pick(table.cells["source"].tolist(), rows))
    return replace(manifest, frame=frame.join(chosen))


def _pick(cells: list[str], rows: list[int]) -> list[str]:
    return ["" if row == _AMBIGUOUS else cells[row] for row in rows]


def _match(manifest: Manifest, table: Table) -> list[int]:
    """Return the row of each image, or `_AMBIGUOUS` where it has none."""
    if "path" in table.columns:
        return _match_paths(manifest, table.cells["path"].tolist())
    if "patient" not in table.columns:
        table.need("path")
    index: dict[str, int] = {}
    cells = list(table.others.itertuples(index=False, name=None)) if len(table.others.columns) else []
    for row, patient in enumerate(table.cells["patient"]):
        first = index.setdefault(patient, row)
        if first != _AMBIGUOUS and cells and cells[first] != cells[row]:
            index[patient] = _AMBIGUOUS  # the rows of this patient differ, so none tells of all images
    return [index.get(patient, _AMBIGUOUS) for patient in manifest.frame["patient"]]


def _match_paths(manifest: Manifest, paths: list[str]) -> list[int]:
    root = f"{manifest.root}{os.sep}"
    indexes: list[dict[str, int]] = [{}, {}, {}]
    for row, path in enumerate(paths):
        for index, form in zip(indexes, name_forms(path), strict=True):
            index[form] = _AMBIGUOUS if form in index else row
    claims = [_claim(path, path.removeprefix(root), indexes) for path in manifest.paths]
    often = Counter(claims)
    return [row if often[row, rank] == 1 else _AMBIGUOUS for row, rank in claims]


def _claim(path: str, name: str, indexes: list[dict[str, int]]) -> tuple[int, int]:
    """Return the row that an image matches most closely, and how closely."""
    whole, *shorter = name_forms(name)
    for rank, (form, index) in enumerate(zip((path, whole, *shorter), (indexes[0], *indexes), strict=True)):
        row = index.get(form, _AMBIGUOUS)
        if row != _AMBIGUOUS:
            return row, rank
    return _AMBIGUOUS, 0
