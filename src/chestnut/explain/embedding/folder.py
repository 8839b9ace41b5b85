"""Write an embedding as a folder: a table, what it says, a figure, and pictures for the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chestnut.evaluation.grouping import Grouping
from chestnut.explain.embedding.embedding import CLASS, ERROR, Embedding
from chestnut.explain.embedding.layout import FACTS, FIGURE, GROUP, SHEET, TABLE, name_axes
from chestnut.explain.embedding.thumbnails import Sheet, choose_pictured, make_sheet
from chestnut.figures.embedding import embedding_figure
from chestnut.figures.saving import save
from chestnut.files.json_files import write_json
from chestnut.runs.predictions import write_rows

#: The most panels of the figure, unless more are asked for.
_PANELS = 4


def write_embedding(
    folder: Path, embedding: Embedding, pixels: Any, facts: dict[str, Any], colours: Sequence[str]
) -> None:
    """Write the files of an embedding but its page.

    Args:
        folder: An existing folder.
        embedding: The embedding.
        pixels: The images as the network sees them, array-like of shape (n, height, width), uint8.
        facts: What else `embedding.json` is to say.
        colours: What the panels of the figure are coloured by; empty for the usual.

    Raises:
        DiskError: The disk is full or not writable.
    """
    error = next(one for one in embedding.groupings if one.column == ERROR)
    sheet = make_sheet(pixels, choose_pictured(np.asarray(error.codes > 0), embedding.seed))
    write_rows(_table(embedding, sheet), folder / TABLE)
    pictures = {"count": len(sheet.rows), "side": sheet.side, "columns": sheet.columns}
    write_json(folder / FACTS, {**facts, **embedding.to_dict(), "pictures": pictures})
    (folder / SHEET).write_bytes(sheet.jpeg)
    save(
        embedding_figure(embedding.points, _panels(embedding, colours), name_axes(embedding.explained)), folder / FIGURE
    )


def _table(embedding: Embedding, sheet: Sheet) -> Any:
    place = np.full(len(embedding.frame), "", dtype=object)
    place[sheet.rows] = [str(number) for number in range(len(sheet.rows))]
    groups = {f"{GROUP}{one.column}": _labels(one) for one in embedding.groupings}
    return embedding.frame.assign(picture=place, **groups)


def _labels(grouping: Grouping) -> list[str]:
    names = (*grouping.labels, "")
    return [names[code] for code in grouping.codes.tolist()]


def _panels(embedding: Embedding, colours: Sequence[str]) -> list[Grouping]:
    """Return the colourings that are asked for, or the class, the errors and the columns that are further apart."""
    by_name = {one.column: one for one in embedding.groupings}
    if colours:
        return [by_name[name] for name in colours]
    apart = {one.column: one.excess.value or 0.0 for one in embedding.separations}
    rest = sorted((name for name in by_name if name not in (CLASS, ERROR)), key=lambda name: -apart.get(name, 0.0))
    return [by_name[name] for name in (CLASS, ERROR, *rest)][:_PANELS]
