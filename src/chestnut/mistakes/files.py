"""Write the mistakes of a network into a folder, and read them: errors.json, mistakes.csv and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from chestnut.explain.gallery import Gallery, read_gallery, write_gallery
from chestnut.files.atomic import write_text
from chestnut.files.csv_files import csv_text
from chestnut.files.json_files import read_json, write_json
from chestnut.mistakes.decisions import Decision
from chestnut.mistakes.mistakes import Mistakes
from chestnut.mistakes.pictures import Pictures
from chestnut.runs.timestamp import now

FACTS, TABLE = "errors.json", "mistakes.csv"
_SMALL, _NAMES = "small", "small.json"

#: The columns of mistakes.csv.
COLUMNS = (
    *("path", "patient", "label", "decision", "probability", "probability_label", "margin"),
    *("near_label", "group"),
)


@dataclass(frozen=True, eq=False)
class Saved:
    """What the folder of an evaluation's mistakes contains.

    Attributes:
        found: The mistakes.
        pictures: The pictures that are there.
    """

    found: Mistakes
    pictures: Pictures


def write_mistakes(folder: Path, found: Mistakes, every: Sequence[Decision], pictures: Pictures) -> None:
    """Write errors.json, mistakes.csv with every mistake, and the pictures.

    Args:
        folder: An existing, empty folder.
        found: The mistakes.
        every: All of them, the most confident first.
        pictures: The pictures.

    Raises:
        DiskError: The disk is full or not writable.
    """
    rows = [[getattr(one, name) for name in COLUMNS] for one in every]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"near_label": "Int64", "group": "Int64"})
    write_text(folder / TABLE, csv_text(frame))
    for name, gallery in (("confident", pictures.confident), ("narrow", pictures.narrow), (_SMALL, None)):
        (folder / name).mkdir()
        if gallery is not None:
            write_gallery(folder / name, gallery)
    names = {path: f"{number:04d}.jpg" for number, path in enumerate(pictures.small, 1)}
    for path, name in names.items():
        (folder / _SMALL / name).write_bytes(pictures.small[path])
    write_json(folder / _SMALL / _NAMES, names)
    write_json(folder / FACTS, {"when": now(), **found.to_dict()})


def read_mistakes(folder: Path) -> Saved:
    """Read what `write_mistakes` wrote, but for the table of all mistakes.

    Raises:
        DataError: A file is missing or damaged.
    """
    remedy = "run chestnut errors again"
    values = read_json(folder / FACTS, Mistakes, remedy)
    found = TypeAdapter(Mistakes).validate_python(values)
    confident, narrow = (read_gallery(folder / name, remedy) or Gallery((), {}) for name in ("confident", "narrow"))
    names = read_json(folder / _SMALL / _NAMES, dict[str, str], remedy)
    small = {path: folder / _SMALL / Path(name).name for path, name in names.items()}
    known = {path: file.read_bytes() for path, file in small.items() if file.is_file()}
    return Saved(found, Pictures(confident, narrow, known))
