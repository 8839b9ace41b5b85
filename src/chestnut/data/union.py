"""`union`: the images of several runs as one manifest, in which no image that trained one of them judges them all.

Called by `training.ensemble`.
"""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path

import pandas as pd

from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, listed

#: A stronger use of an image wins over a weaker one.
_STRENGTH = {"": 0, "test": 1, "val": 2, "train": 3}
_NAMES = {strength: name for name, strength in _STRENGTH.items()}


def union(manifests: Sequence[Manifest]) -> Manifest:
    """Put the images of several runs together.

    An image is `test` only where no run trained on it or chose its epoch by it, and `val` only where none trained on
    it. What is true of an image is true of every image of the same pixels, and of the same patient in the same data.

    Args:
        manifests: One a run, with splits and digests of the pixels, and the same classes.

    Returns:
        Every image once; the notes say how many there are of each split.

    Raises:
        DataError: The runs disagree on an image's label, or on its pixels.
    """
    frames = [one.frame.assign(root=str(one.root)) for one in manifests]
    rows = pd.concat(frames, ignore_index=True)
    for column, words in (("label", "label"), ("sha256", "pixels")):
        differing = rows.groupby("path", sort=False)[column].nunique()
        if (differing > 1).any():
            names = [Path(path).name for path in differing.index[differing > 1]]
            raise DataError(
                f"the runs know {len(names)} images by another {words} each ({listed(names, 3)}); they were not "
                "trained on the same data, and cannot be judged together"
            )
    rows["split"] = _strongest(rows).map(_NAMES)
    frame = rows.drop_duplicates("path", ignore_index=True)[manifests[0].frame.columns]
    roots = sorted({str(one.root) for one in manifests})
    first = manifests[0]
    return Manifest(
        frame=frame,
        root=Path(roots[0] if len(roots) == 1 else commonpath([Path(root).resolve() for root in roots])),
        classes=first.classes,
        positive=first.positive,
        notes=_notes(frame, len(manifests)),
        synthetic=any(one.synthetic for one in manifests),
    )


def _strongest(rows: pd.DataFrame) -> pd.Series[int]:
    """The strongest use of an image, of its pixels' copies and of its patient, by row."""
    strength = rows["split"].map(_STRENGTH).astype(int)
    pixels = rows["sha256"].where(rows["sha256"] != "", rows["path"])
    # What one patient's image hands to a copy of it, that copy hands to its own patient, until nothing moves.
    while True:
        found = strength
        for key in (rows["path"], pixels, rows["root"] + "\0" + rows["patient"]):
            found = found.groupby(key).transform("max")
        if found.equals(strength):
            return found
        strength = found


def _notes(frame: pd.DataFrame, runs: int) -> tuple[str, ...]:
    counts = {name: int((frame["split"] == name).sum()) for name in ("train", "val", "test")}
    said = (
        f"the {runs} members used {len(frame):,} images: {counts['train']:,} are of patients that trained one of them, "
        f"{counts['val']:,} chose epochs and trained none, and {counts['test']:,} were seen by none"
    )
    if counts["val"] or counts["test"]:
        return (said,)
    return (said, "no image is left to judge the ensemble on; judge it on other data, by chestnut evaluate RUN DATA")
