"""`Flow`: how many images and patients a study has from the data set that was found to the images that were judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from chestnut.data.left_out import LeftOut
from chestnut.data.overlap import overlap_in_words
from chestnut.runs.folder import RunFolder

_SPLITS = {"train": "Training", "val": "Validation", "test": "Test", "": "No split"}
_ELSEWHERE = "The network was trained elsewhere, on images that nobody here knows."
_UNRECORDED = (
    "An earlier version made this run. Of the images that it left out, it recorded only those that could not be read."
)
_BEFORE = (
    "What was left out before the images were given to chestnut is for study.toml to say: eligibility and sampling."
)


@dataclass(frozen=True)
class Box:
    """Some images.

    Attributes:
        name: What they are.
        images: The number of images.
        patients: The number of patients; None where that is not known.
        classes: The number of images of each class; empty where that is not known.
        left_out: The images that stood in the box before and are not in this one.
    """

    name: str
    images: int
    patients: int | None
    classes: tuple[tuple[str, int], ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class Branch:
    """A split of the data set, and what became of it.

    Attributes:
        split: The images of the split.
        judged: The images that the network was judged on; None where it was not judged on them.
        copies: The number of augmented copies, which are trained on in addition.
    """

    split: Box
    judged: Box | None
    copies: int = 0


@dataclass(frozen=True)
class Flow:
    """The way of the images.

    Attributes:
        found: The images of the data set; None for a network that was trained elsewhere.
        used: The images that are left, with what was left out on the way.
        branches: Its splits.
        elsewhere: Other data sets that the network was judged on.
        notes: What is not known, in sentences.
        complete: Whether everything that chestnut left out was recorded with its reason.
    """

    found: Box | None
    used: Box | None
    branches: tuple[Branch, ...]
    elsewhere: tuple[Box, ...]
    notes: tuple[str, ...]
    complete: bool = True


def read_flow(run: RunFolder) -> Flow:
    """Count the images and patients of a run at every step.

    Args:
        run: The run; its training need not have ended.

    Raises:
        RunError: A file was changed.
        DataError: A file is damaged.
    """
    facts, rows = run.facts, run.rows
    judged = {name: run.metrics(name) for name in run.evaluations()}
    root = facts.get("root")
    own = {name: held for name, held in judged.items() if held.get("data", root) == root and name in _SPLITS}
    elsewhere = tuple(_other(name, held) for name, held in judged.items() if name not in own)
    if rows is None or not len(rows):
        note = _ELSEWHERE if run.record.imported is not None else "The run has no manifest.csv."
        return Flow(None, None, (), elsewhere, (note,), complete=False)
    copies = rows["copy_of"] != "" if "copy_of" in rows else pd.Series(False, index=rows.index)
    originals, classes = rows[~copies], [str(name) for name in facts.get("classes", ())]
    left_out = _left_out(facts)
    lost = sum(one.images for one in left_out)
    found = Box("Found", len(originals) + lost, None if lost else int(originals["patient"].nunique()))
    branches = []
    for split, name in _SPLITS.items():
        part = originals[originals["split"] == split]
        if len(part):
            box = _box(name, part, classes)
            added = int((copies & (rows["split"] == split)).sum())
            branches.append(Branch(box, _judged(own[split], box) if split in own else None, added))
    complete = facts.get("left_out") is not None
    notes = (_BEFORE,) if complete else (_UNRECORDED, _BEFORE)
    used = replace(_box("Used", originals, classes), left_out=left_out)
    return Flow(found, used, tuple(branches), elsewhere, notes, complete)


def _left_out(facts: dict[str, Any]) -> tuple[LeftOut, ...]:
    """Return what was left out; an earlier version recorded only images that cannot be read."""
    if facts.get("left_out") is not None:
        return tuple(LeftOut.from_dict(one) for one in facts["left_out"])
    skipped = len(facts.get("skipped", ()))
    return (LeftOut("cannot be read", skipped),) if skipped else ()


def _box(name: str, rows: pd.DataFrame, classes: list[str]) -> Box:
    counts = rows["label"].value_counts()
    known = tuple((label, int(counts.get(label, 0))) for label in classes)
    return Box(name, len(rows), int(rows["patient"].nunique()), known)


def _judged(held: dict[str, Any], split: Box) -> Box:
    missing = split.images - int(held["images"])
    lost = (LeftOut("could not be read when it was judged", missing),) if missing > 0 else ()
    return Box("Judged", int(held["images"]), int(held["patients"]), _counts(held), lost)


def _other(name: str, held: dict[str, Any]) -> Box:
    overlap = held.get("overlap")
    if overlap is None:
        title = f"Other images, overlap not recorded: {name}"
    elif any(overlap.values()):
        title = f"Other images, {overlap_in_words(overlap, held['images'])}: {name}"
    else:
        title = f"Images from elsewhere: {name}"
    return Box(title, int(held["images"]), int(held["patients"]), _counts(held))


def _counts(held: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    return tuple((str(label), int(number)) for label, number in held["counts"].items())
