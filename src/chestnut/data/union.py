"""Combine the images of several runs in one manifest that keeps training images out of validation and test."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path

import pandas as pd

from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, listed

#: Where runs use an image differently, the highest number wins.
_STRENGTH = {"": 0, "test": 1, "val": 2, "train": 3}
_NAMES = {strength: name for name, strength in _STRENGTH.items()}


def union(manifests: Sequence[Manifest]) -> Manifest:
    """Combine the images of several runs.

    An image is `test` only if no run trained on it or chose its epoch by it, and `val` only if no run trained on it.
    Images with the same pixels, and images of the same patient in the same data set, get the same split.

    Args:
        manifests: One manifest per run, with splits, digests of the pixels and the same classes.

    Returns:
        A manifest with every image once; its notes say how many images each split has.

    Raises:
        DataError: The runs disagree on the label or the pixels of an image.
    """
    frames = [one.frame.assign(root=str(one.root)) for one in manifests]
    rows = pd.concat(frames, ignore_index=True)
    for column, words in (("label", "labels"), ("sha256", "pixels")):
        differing = rows.groupby("path", sort=False)[column].nunique()
        if (differing > 1).any():
            names = [Path(path).name for path in differing.index[differing > 1]]
            raise DataError(
                f"the runs have different {words} for {len(names)} images ({listed(names, 3)}), so they were not "
                "trained on the same data; give runs that were"
            )
    rows["split"] = _strongest_use(rows).map(_NAMES)
    frame = rows.drop_duplicates("path", ignore_index=True)[manifests[0].frame.columns].fillna("")
    roots = sorted({str(one.root) for one in manifests})
    first = manifests[0]
    return Manifest(
        frame=frame,
        root=Path(roots[0] if len(roots) == 1 else commonpath([Path(root).resolve() for root in roots])),
        classes=first.classes,
        positive=first.positive,
        notes=_notes(frame, len(manifests)),
        synthetic=any(one.synthetic for one in manifests),
        # Runs of one data set with one history leave out the same images; of others, the sum is not known.
        left_out=first.left_out if all(one.left_out == first.left_out for one in manifests[1:]) else None,
    )


def _strongest_use(rows: pd.DataFrame) -> pd.Series[int]:
    """Return, for each row, the strongest use of the image, of images with the same pixels, and of its patient."""
    strength = rows["split"].map(_STRENGTH).astype(int)
    pixels = rows["sha256"].where(rows["sha256"] != "", rows["path"])
    # An image passes its use on to identical images, and those to their own patients; repeat until nothing changes.
    while True:
        found = strength
        for key in (rows["path"], pixels, rows["root"] + "\0" + rows["patient"]):
            found = found.groupby(key).transform("max")
        if found.equals(strength):
            return found
        strength = found


def _notes(frame: pd.DataFrame, runs: int) -> tuple[str, ...]:
    counts = {name: int((frame["split"] == name).sum()) for name in ("train", "val", "test")}
    summary = (
        f"the {runs} members used {len(frame):,} images: {counts['train']:,} of patients that a member trained on, "
        f"{counts['val']:,} that only chose a member's epoch, and {counts['test']:,} that no member used"
    )
    if counts["val"] or counts["test"]:
        return (summary,)
    return (
        summary,
        "no image is left to evaluate the ensemble on; evaluate it on other data: chestnut evaluate RUN DATA",
    )
