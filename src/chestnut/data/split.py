"""Split images into train, val and test by patient.

A patient's split depends only on the patient's name and the seed: the name is hashed to a number between 0 and 1, and
the fractions divide that range into train, val and test. So adding images or patients moves no other patient, and their
order does not matter. The price is chance: the share of a class's n patients in a split varies around its fraction f
with a standard deviation of √(f·(1−f)/n). For a val of 15 % that is 3.6 points with 100 patients and 1.1 with 1,000.
`tolerance` bounds the deviation. There is one exception, for small classes: if chance leaves a split without a patient
of a class, the patient whose number is nearest moves in, and may move back when patients are added.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from chestnut.data.manifest import SPLITS, Manifest, Split
from chestnut.data.patient_groups import Floats, Ints, hash_numbers, labelled_targets, patient_classes
from chestnut.errors import DataError, listed


def split(
    manifest: Manifest,
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    seed: int = 0,
    resplit: bool = False,
) -> Manifest:
    """Assign every image to train, val or test; all images of a patient get the same split.

    The data's own splits are kept. A split with a fraction that the data lack is taken from the patients of train. Data
    with train only count as data without a split. Augmented copies are in train only: copies of val and test images are
    left out, with a note. Classes are balanced by each patient's most frequent class.

    Args:
        manifest: The images, with labels and patients.
        fractions: The shares of train, val and test, each 0 to 1, with sum 1.
        seed: The seed; another one gives another split.
        resplit: Whether to pool the data's own splits and make new ones.

    Returns:
        The manifest with its split column filled and notes on what was done.

    Raises:
        DataError: The fractions are not valid, some images have no label, or the data's own splits cover only some of
            the images or lack train.
    """
    return _drop_heldout_copies(_assign_splits(manifest, fractions, seed, resplit))


def _assign_splits(manifest: Manifest, fractions: Sequence[float], seed: int, resplit: bool) -> Manifest:
    """Assign splits as `split` does, and leave every copy with its patient."""
    shares = _shares(fractions)
    targets = labelled_targets(manifest)
    own = manifest.splits
    if resplit or own in ((), ("train",)):
        notes = [_pooling_note(own)] if own else []
        chosen = np.arange(len(manifest))
        wanted = shares
    else:
        refuse_partial(manifest)
        notes = [f"the data's own split into {', '.join(own)} is kept", *_crossing_notes(manifest)]
        chosen = np.flatnonzero(manifest.frame["split"] == "train")
        wanted = {name: share for name, share in shares.items() if name == "train" or name not in own}
        if len(wanted) == 1:
            return manifest.with_note(*notes)
        notes.append(f"it has no {' and no '.join(list(wanted)[1:])}, taken by patient from train")
    names, patient = np.unique(manifest.patients[chosen], return_inverse=True)
    classes = patient_classes(patient, targets[chosen], len(manifest.classes))
    numbers = hash_numbers(names, f"split {seed}")
    places, short = _assign_places(numbers, classes, list(wanted.values()))
    if short:
        missing = listed(f"{manifest.classes[label]} ({count})" for label, count in short.items())
        notes.append(f"too few patients for every split to have one: {missing}")
    column = manifest.frame["split"].to_numpy(dtype=object, copy=True)
    column[chosen] = np.array(list(wanted), dtype=object)[places][patient]
    percent = ", ".join(f"{name} {share / sum(wanted.values()):.0%}" for name, share in wanted.items())
    notes.append(f"split by patient and class with seed {seed}: {percent}")
    return manifest.with_column("split", column).with_note(*notes)


def _drop_heldout_copies(manifest: Manifest) -> Manifest:
    """Leave out the augmented copies of images that the network is evaluated on."""
    held = (manifest.frame["copy_of"] != "") & (manifest.frame["split"] != "train")
    if not held.any():
        return manifest
    kept = manifest.take(np.flatnonzero(~held))
    return kept.with_note(f"{int(held.sum()):,} augmented copies of val and test images left out")


def require_trainable(manifest: Manifest) -> None:
    """Check that a network can be trained on the data.

    Raises:
        DataError: There are fewer than two classes, or a class has no training or no validation images.
    """
    if len(manifest.classes) < 2:
        raise DataError(
            f"{manifest.root} has one class ({listed(manifest.classes)}), but training needs at least two; "
            "give a folder with one sub-folder per class, or a CSV with a label column"
        )
    for name in ("train", "val"):
        present = set(manifest.only(name).frame["label"])
        lacking = [label for label in manifest.classes if label not in present]
        if lacking:
            raise DataError(
                f"no {name} images of {listed(lacking)}: too few patients of that class, or a split without it; "
                "add patients, or make a new split with resplit=True"
            )


def tally(manifest: Manifest, parts: Sequence[str]) -> pd.DataFrame:
    """Count images and patients of each class in each part, such as splits or folds.

    Args:
        manifest: The images.
        parts: The part that each image belongs to, in row order.

    Returns:
        A table with index (part, class) and columns `images` and `patients`. An empty text means all parts or all
        classes; there, a patient with images in several parts or classes counts once.
    """
    rows = manifest.frame[["patient", "label"]].assign(part=list(parts))
    rows = pd.concat([rows, rows.assign(part="")])
    rows = pd.concat([rows, rows.assign(label="")])
    counted = rows.groupby(["part", "label"])["patient"].agg(["size", "nunique"])
    return counted.rename(columns={"size": "images", "nunique": "patients"})


def tolerance(fraction: float, patients: int) -> float:
    """Return how far a class's share of patients in a split may deviate from the fraction.

    The bound is five standard deviations of the binomial share plus one patient. For fractions from 0.05 to 0.95, fewer
    than one split in 10,000 exceeds it by chance.

    Args:
        fraction: The fraction of the split, 0 to 1.
        patients: The number of patients of the class, 1 or more.

    >>> round(tolerance(0.15, 1000), 3)
    0.057
    """
    return 5 * math.sqrt(fraction * (1 - fraction) / patients) + 1 / patients


def _shares(fractions: Sequence[float]) -> dict[Split, float]:
    """Return the splits that have a fraction above zero, in order."""
    fit = len(fractions) == 3 and all(0 <= share <= 1 for share in fractions) and abs(sum(fractions) - 1) < 1e-6
    if not fit or fractions[0] == 0:
        given = ", ".join(f"{share:g}" for share in fractions)
        raise DataError(f"fractions {given}: give three that sum to 1, for train, val and test, with train above 0")
    return {name: share for name, share in zip(SPLITS, fractions, strict=True) if share > 0}


def _pooling_note(own: tuple[Split, ...]) -> str:
    if own == ("train",):
        return "all images with a split are in train, which counts as no split"
    return f"the data's own split into {', '.join(own)} is not used"


def refuse_partial(manifest: Manifest) -> None:
    """Check that the data's own splits can be used.

    Raises:
        DataError: They cover only some of the images, or lack train.
    """
    none = manifest.frame.loc[manifest.frame["split"] == "", "path"]
    if len(none):
        raise DataError(
            f"{len(none):,} of {len(manifest):,} images have no split while others do, the first {none.iloc[0]}; "
            "give them one, or pool all images with resplit=True"
        )
    if "train" not in manifest.splits:
        raise DataError(
            f"the data has {' and '.join(manifest.splits)} but no train; add it, or pool all images with resplit=True"
        )


def _crossing_notes(manifest: Manifest) -> list[str]:
    splits = manifest.frame.groupby("patient")["split"].nunique()
    crossing = sorted(splits.index[splits > 1])
    if not crossing:
        return []
    return [
        f"{len(crossing):,} patients are in more than one split: {listed(crossing, 3)}; resplit=True puts each in one"
    ]


def _assign_places(numbers: Floats, classes: Ints, shares: list[float]) -> tuple[Ints, dict[int, int]]:
    """Return the share that each patient falls into, and the patient counts of classes too small for all shares."""
    edges = np.concatenate([[0.0], np.cumsum(shares) / sum(shares)])
    places = np.searchsorted(edges[1:-1], numbers, side="right")
    short: dict[int, int] = {}
    for label in np.unique(classes).tolist():
        members = np.flatnonzero(classes == label)
        if len(members) < len(shares):
            short[label] = len(members)
        for empty in range(len(shares)):
            counts = np.bincount(places[members], minlength=len(shares))
            giver = int(counts.argmax())
            # Train is the first share, and the only one that may take a class's only patient
            if counts[empty] or counts[giver] < (1 if empty == 0 else 2):
                continue
            candidates = members[places[members] == giver]
            away = np.maximum(edges[empty] - numbers[candidates], numbers[candidates] - edges[empty + 1])
            places[candidates[away.argmin()]] = empty
    return places, short
