"""Write maps of images as a folder of pictures, with a table of what each shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np
from PIL import Image

from chestnut.explain.image_map import ImageMap
from chestnut.files.json_files import write_json

#: The place of maps in the folder of a run.
MAPS = Path("explain", "maps")

#: The file beside the pictures that says what they show.
TABLE = "maps.json"


class MapFile(NamedTuple):
    """What the picture of one image shows.

    Attributes:
        path: The image.
        file: The picture's name in its folder.
        of: The class that the map is of.
        probability: The probability of that class.
        decision: The class that is decided.
        method: How the map was made.
        meaning: What the values of the map say.
        evidence: Whether any place speaks for the class.
        exact: Whether the mean of the map's cells, plus a number that does not depend on the place, is the score.
        raw: The name of the file with the map's values; empty where none was asked for.
    """

    path: str
    file: str
    of: str
    probability: float
    decision: str
    method: str
    meaning: str
    evidence: bool
    exact: bool = False
    raw: str = ""


def write_maps(maps: Iterable[ImageMap], folder: Path, *, raw: bool = False) -> list[MapFile]:
    """Write each map beside its picture as PNG, and `maps.json` with a row for each.

    Args:
        maps: The maps, which are drawn one by one.
        folder: An existing folder.
        raw: Whether to write the values of each map, too: as `.npy`, float32, one for each pixel that the network sees.

    Raises:
        DiskError: The disk is full or not writable.
    """
    rows = []
    for number, one in enumerate(maps, 1):
        stem = f"{number:04d}-{_file_name(one.path)}"
        name, values = f"{stem}.png", f"{stem}.npy" if raw else ""
        if values:
            np.save(folder / values, one.map.values, allow_pickle=False)
        Image.fromarray(one.draw()).save(folder / name, "PNG", compress_level=3)
        found = one.map
        rows.append(
            MapFile(
                path=one.path,
                file=name,
                of=found.of,
                probability=one.probability,
                decision=one.decision,
                method=found.method,
                meaning=found.meaning.says,
                evidence=found.has_evidence,
                exact=found.exact,
                raw=values,
            )
        )
    write_json(folder / TABLE, {"maps": [row._asdict() for row in rows]})
    return rows


def _file_name(path: str) -> str:
    """Return a name for a picture that any disk takes.

    >>> _file_name("/data/chest 1.jpeg"), _file_name("/data/set.npz#test/3")
    ('chest-1', 'set.npz-test-3')
    """
    file, mark, row = path.partition("#")
    plain = f"{PurePath(file).name}-{row}" if mark else PurePath(file).stem
    return re.sub(r"[^\w.]+", "-", plain)[:80].strip("-.") or "image"
