"""Divide a data set into folds by patient, for cross-validation.

Augmented copies are never held out: a copy trains whenever its patient does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.data.left_out import LeftOut
from chestnut.data.manifest import Manifest
from chestnut.data.patient_groups import Floats, Ints, hash_numbers, labelled_targets, patient_classes
from chestnut.data.split import refuse_partial, split
from chestnut.errors import DataError


def folds(manifest: Manifest, k: int, seed: int = 0, repeats: int = 1) -> Ints:
    """Assign each image to the fold in which it is held out, by patient and balanced by class.

    Within a class, patients are dealt out by their number of images, so that folds differ by at most as many images as
    its largest patient has; patients of equal size come in random order. Unlike `split`, adding patients changes the
    folds.

    Args:
        manifest: The images, with labels and patients.
        k: The number of folds.
        seed: The seed; another one gives other folds.
        repeats: The number of independent assignments.

    Returns:
        Fold numbers 0..k-1, shape (repeats, n), in row order. A fold has 1/k of each class's patients, plus or minus 1.

    Raises:
        DataError: `k` is below 2 or above the number of patients of the smallest class, `repeats` is below 1, or some
            images have no label.
    """
    if repeats < 1:
        raise DataError(f"repeats={repeats}: give 1 or more")
    targets = labelled_targets(manifest)
    names, patient = np.unique(manifest.patients, return_inverse=True)
    classes = patient_classes(patient, targets, len(manifest.classes))
    counts = np.bincount(classes, minlength=len(manifest.classes))
    fewest = int(counts.argmin())
    if counts[fewest] < 2:
        raise DataError(
            f"{manifest.classes[fewest]} has {counts[fewest]} patients, but folds need 2 or more of each class; "
            "add patients"
        )
    if not 2 <= k <= counts[fewest]:
        raise DataError(
            f"{k} folds; give 2 to {counts[fewest]}, the number of patients of {manifest.classes[fewest]}, "
            "so that every fold has a patient of each class"
        )
    sizes = np.bincount(patient)
    dealt = [_deal(hash_numbers(names, f"folds {seed} {repeat}"), sizes, classes, k) for repeat in range(repeats)]
    return np.array([fold[patient] for fold in dealt], dtype=np.int64)


def pool(manifest: Manifest) -> Manifest:
    """Return the images to divide into folds, without splits: all except the data's own test split.

    Raises:
        DataError: The data's own splits cover only some of the images, or lack train.
    """
    own = manifest.splits
    if own not in ((), ("train",)):
        refuse_partial(manifest)
    kept = manifest.take(np.flatnonzero(manifest.frame["split"] != "test"))
    copies = kept.frame["copy_of"] != ""
    lost = copies & ~kept.frame["patient"].isin(set(kept.frame.loc[~copies, "patient"]))
    kept = kept.take(np.flatnonzero(~lost))
    notes = []
    if "val" in own:
        notes.append("the data's own train and val are divided into folds together")
    if "test" in own:
        aside = int((manifest.frame["split"] == "test").sum())
        notes.append(f"the data's own test split, {aside:,} images, takes no part in the cross-validation")
    if lost.any():
        notes.append(f"{int(lost.sum()):,} augmented copies left out: their patients have no other image here")
    kept = kept.with_column("split", [""] * len(kept)).with_note(*notes)
    held = manifest.frame[(manifest.frame["split"] == "test") & (manifest.frame["copy_of"] == "")]
    reason = "are the data's own test split, which takes no part in the cross-validation"
    return kept.with_left_out(LeftOut(reason, len(held), int(held["patient"].nunique())))


def deal(pooled: Manifest, k: int, seed: int = 0, repeats: int = 1) -> Ints:
    """Assign each image to a fold, as `folds` does but without counting augmented copies.

    Args:
        pooled: The images from `pool`.
        k: The number of folds.
        seed: The seed; another one gives other folds.
        repeats: The number of independent assignments.

    Returns:
        Fold numbers 0..k-1, shape (repeats, n), in row order; a copy has its patient's fold.

    Raises:
        DataError: For the same reasons as `folds`.
    """
    originals = pooled.originals()
    dealt = folds(originals, k, seed, repeats)
    names, first = np.unique(originals.patients, return_index=True)
    return dealt[:, first[np.searchsorted(names, pooled.patients)]]


def hold_out(pooled: Manifest, held: npt.NDArray[np.bool_], fractions: Sequence[float], seed: int) -> Manifest:
    """Return the images of one fold's run: the fold as `test`, the rest split by patient into train and val.

    Args:
        pooled: The images from `pool`.
        held: Whether each image belongs to the fold, shape (n,).
        fractions: The shares of train, val and test. Only the ratio of the first two counts: it divides the images
            that are not held out.
        seed: The seed; another one gives another val.

    Returns:
        The images and copies with their splits; copies are in train only.
    """
    train, val = (share / (fractions[0] + fractions[1]) for share in fractions[:2])
    inside = split(pooled.take(np.flatnonzero(~held)), (train, val, 0.0), seed)
    outside = pooled.take(np.flatnonzero(held)).originals()
    outside = outside.with_column("split", ["test"] * len(outside))
    return replace(inside, frame=pd.concat([inside.frame, outside.frame], ignore_index=True))


def _deal(numbers: Floats, sizes: Ints, classes: Ints, k: int) -> Ints:
    """Deal patients to folds like cards: class by class, largest patients first, always to the next fold."""
    fold = np.empty(len(numbers), dtype=np.int64)
    start = 0
    for label in np.unique(classes).tolist():
        members = np.flatnonzero(classes == label)
        order = members[np.lexsort((numbers[members], -sizes[members]))]
        fold[order] = (start + np.arange(len(order))) % k
        start += len(order)
    return fold
