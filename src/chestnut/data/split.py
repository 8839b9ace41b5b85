"""Train, val and test by patient, and folds for cross-validation; called by training, `chestnut split` and the API.

A patient's split depends on the patient's name and the seed alone: the name is hashed to a number between 0 and 1, and
the fractions cut that range into train, val and test. Hence adding images or patients moves nobody, and no order
matters. The price is chance: of the n patients of a class a fraction f lands in a split give or take
√(f·(1−f)/n), one standard deviation; with 15 % for val that is 3.6 points at 100 patients and 1.1 at 1,000.
`tolerance` bounds it. The one exception to the rule makes up for small classes: where chance would leave a split
without any patient of a class, the patient whose number lies nearest moves in, and may move back when others come.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.data.manifest import SPLITS, Manifest, Split
from chestnut.errors import DataError, listed

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def split(
    manifest: Manifest,
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    seed: int = 0,
    resplit: bool = False,
) -> Manifest:
    """Mark every image as train, val or test; images of one patient always stand together.

    The data's own splits are kept. Where they lack one that has a fraction, it is taken from train's patients; where
    there is only train, that counts as no split. Augmented copies stand in train alone: those of val and test images
    are left out, with a note. Classes are balanced by the patients' majority class.

    Args:
        manifest: Images with labels and patients.
        fractions: Shares of train, val and test; each 0 to 1, together 1.
        seed: Another one gives another split.
        resplit: Pool the data's own splits and make new ones.

    Returns:
        The manifest with its split column filled, and notes on what was done.

    Raises:
        DataError: Fractions that make no sense, images without a label, or own splits that cover only a part of the
            images or lack train.
    """
    return _without_held_copies(_marked(manifest, fractions, seed, resplit))


def _marked(manifest: Manifest, fractions: Sequence[float], seed: int, resplit: bool) -> Manifest:
    """`split`, with all copies where their patients are."""
    shares = _shares(fractions)
    targets = _labelled_targets(manifest)
    own = manifest.splits
    if resplit or own in ((), ("train",)):
        notes = [_why_pooled(own)] if own else []
        chosen = np.arange(len(manifest))
        wanted = shares
    else:
        refuse_partial(manifest)
        notes = [f"the data's own split into {', '.join(own)} is kept", *_crossing(manifest)]
        chosen = np.flatnonzero(manifest.frame["split"] == "train")
        wanted = {name: share for name, share in shares.items() if name == "train" or name not in own}
        if len(wanted) == 1:
            return manifest.with_note(*notes)
        notes.append(f"it has no {' and no '.join(list(wanted)[1:])}, taken by patient from train")
    names, patient = np.unique(manifest.patients[chosen], return_inverse=True)
    classes = patient_classes(patient, targets[chosen], len(manifest.classes))
    numbers = hash_numbers(names, f"split {seed}")
    places, short = _places(numbers, classes, list(wanted.values()))
    if short:
        missing = listed(f"{manifest.classes[label]} ({count})" for label, count in short.items())
        notes.append(f"too few patients for every split to have one: {missing}")
    column = manifest.frame["split"].to_numpy(dtype=object, copy=True)
    column[chosen] = np.array(list(wanted), dtype=object)[places][patient]
    percent = ", ".join(f"{name} {share / sum(wanted.values()):.0%}" for name, share in wanted.items())
    notes.append(f"split by patient and class with seed {seed}: {percent}")
    return manifest.with_column("split", column).with_note(*notes)


def _without_held_copies(manifest: Manifest) -> Manifest:
    """Leave out the augmented copies of images that the network is judged on."""
    held = (manifest.frame["copy_of"] != "") & (manifest.frame["split"] != "train")
    if not held.any():
        return manifest
    kept = manifest.take(np.flatnonzero(~held))
    return kept.with_note(f"{int(held.sum()):,} augmented copies of val and test images left out")


def folds(manifest: Manifest, k: int, seed: int = 0, repeats: int = 1) -> Ints:
    """Numbers of the fold in which each image is held out, by patient and balanced by class.

    Within a class patients are dealt out by size, so that folds differ by no more images than its largest patient has;
    at equal size the order is random. Unlike `split`, added patients change the folds.

    Args:
        manifest: Images with labels and patients.
        k: Number of folds.
        seed: Another one gives other folds.
        repeats: How many times to deal anew.

    Returns:
        Shape (repeats, n), 0..k-1, in row order. Each fold's share of a class's patients is within one patient of 1/k.

    Raises:
        DataError: `k` below 2 or above the patients of the smallest class, `repeats` below 1, or images without label.
    """
    if repeats < 1:
        raise DataError(f"{repeats} repeats of the folds; give 1 or more")
    targets = _labelled_targets(manifest)
    names, patient = np.unique(manifest.patients, return_inverse=True)
    classes = patient_classes(patient, targets, len(manifest.classes))
    counts = np.bincount(classes, minlength=len(manifest.classes))
    fewest = int(counts.argmin())
    if not 2 <= k <= counts[fewest]:
        raise DataError(
            f"{k} folds; allowed are 2 to {counts[fewest]}, the number of patients of {manifest.classes[fewest]}, "
            "so that every fold holds one of each class"
        )
    sizes = np.bincount(patient)
    dealt = [_deal(hash_numbers(names, f"folds {seed} {repeat}"), sizes, classes, k) for repeat in range(repeats)]
    return np.array([fold[patient] for fold in dealt], dtype=np.int64)


def require_trainable(manifest: Manifest) -> None:
    """Refuse data on which nothing can be learnt.

    Raises:
        DataError: Under two classes, or a class without training or validation images.
    """
    if len(manifest.classes) < 2:
        raise DataError(
            f"{manifest.root} has one class ({listed(manifest.classes)}) and training tells at least two apart; "
            "give a folder with one sub-folder a class, or a CSV with a label column"
        )
    for name in ("train", "val"):
        present = set(manifest.only(name).frame["label"])
        lacking = [label for label in manifest.classes if label not in present]
        if lacking:
            raise DataError(
                f"no {name} images of {listed(lacking)}: too few patients of that class, or a split without it; "
                "add patients, or redo the split by chestnut split DATA --resplit"
            )


def tally(manifest: Manifest, parts: Sequence[str]) -> pd.DataFrame:
    """Count images and patients of each class in each part, such as splits or folds.

    Args:
        manifest: The images.
        parts: The part that each image belongs to, in row order.

    Returns:
        Index (part, class), columns `images` and `patients`. An empty text stands for all parts and for all classes;
        a patient with images in several parts or classes counts once there.
    """
    rows = manifest.frame[["patient", "label"]].assign(part=list(parts))
    rows = pd.concat([rows, rows.assign(part="")])
    rows = pd.concat([rows, rows.assign(label="")])
    counted = rows.groupby(["part", "label"])["patient"].agg(["size", "nunique"])
    return counted.rename(columns={"size": "images", "nunique": "patients"})


def tolerance(fraction: float, patients: int) -> float:
    """How far the share of a class's patients in a split may stand from its fraction.

    Five standard deviations of the binomial share and one patient. For fractions from 0.05 to 0.95 chance oversteps it
    in less than one split of 10,000, mostly in far fewer.

    Args:
        fraction: 0 to 1.
        patients: Patients of the class, 1 or more.

    >>> round(tolerance(0.15, 1000), 3)
    0.057
    """
    return 5 * math.sqrt(fraction * (1 - fraction) / patients) + 1 / patients


def _shares(fractions: Sequence[float]) -> dict[Split, float]:
    """Splits with a fraction above zero, in their order."""
    fit = len(fractions) == 3 and all(0 <= share <= 1 for share in fractions) and abs(sum(fractions) - 1) < 1e-6
    if not fit or fractions[0] == 0:
        given = ", ".join(f"{share:g}" for share in fractions)
        raise DataError(f"fractions {given}: give those of train, val and test, three that sum to 1 and train above 0")
    return {name: share for name, share in zip(SPLITS, fractions, strict=True) if share > 0}


def _labelled_targets(manifest: Manifest) -> Ints:
    targets = manifest.targets
    if (targets < 0).any():
        first = manifest.paths[int(targets.argmin())]
        raise DataError(
            f"{int((targets < 0).sum()):,} images have no label, the first {first}; label them or leave them out"
        )
    return targets


def _why_pooled(own: tuple[Split, ...]) -> str:
    if own == ("train",):
        return "all images with a split stand in train, which counts as no split"
    return f"the data's own split into {', '.join(own)} is set aside"


def refuse_partial(manifest: Manifest) -> None:
    """Refuse own splits that cannot be gone by.

    Raises:
        DataError: They cover only a part of the images, or lack train.
    """
    none = manifest.frame.loc[manifest.frame["split"] == "", "path"]
    if len(none):
        raise DataError(
            f"{len(none):,} of {len(manifest):,} images have no split while others do, the first {none.iloc[0]}; "
            "give them one, or pool all with --resplit"
        )
    if "train" not in manifest.splits:
        raise DataError(
            f"the data has {' and '.join(manifest.splits)} but no train; add it, or pool all with --resplit"
        )


def _crossing(manifest: Manifest) -> list[str]:
    splits = manifest.frame.groupby("patient")["split"].nunique()
    crossing = sorted(splits.index[splits > 1])
    if not crossing:
        return []
    return [f"{len(crossing):,} patients stand in more than one split: {listed(crossing, 3)}; --resplit unites them"]


def patient_classes(patient: Ints, targets: Ints, classes: int) -> Ints:
    """The class of most of each patient's images; of equally frequent ones the last, which is the positive one.

    Args:
        patient: Number of each image's patient, from 0, shape (n,).
        targets: Class of each image, shape (n,).
        classes: Number of classes.

    Returns:
        Class of each patient, shape (patients,).
    """
    counts = np.zeros((int(patient.max()) + 1, classes), dtype=np.int64)
    np.add.at(counts, (patient, targets), 1)
    return np.asarray(classes - 1 - counts[:, ::-1].argmax(axis=1), dtype=np.int64)


def hash_numbers(names: npt.NDArray[np.str_], purpose: str) -> Floats:
    """A number in [0, 1) for each name, uniform and independent for any purpose: the keyed BLAKE2b hash of the name.

    Args:
        names: Such as patients' identities, shape (n,).
        purpose: The key; at most 64 bytes of it count.
    """
    key = purpose.encode()[:64]
    digests = [hashlib.blake2b(name.encode(), digest_size=8, key=key).digest() for name in names.tolist()]
    # 53 bits, so that the number stays below 1
    return np.array([(int.from_bytes(digest) >> 11) * 2.0**-53 for digest in digests])


def _places(numbers: Floats, classes: Ints, shares: list[float]) -> tuple[Ints, dict[int, int]]:
    """Which share each patient falls into, and the classes (with their patients) too small for every share."""
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
            # train comes first and may take a class's only patient
            if counts[empty] or counts[giver] < (1 if empty == 0 else 2):
                continue
            candidates = members[places[members] == giver]
            away = np.maximum(edges[empty] - numbers[candidates], numbers[candidates] - edges[empty + 1])
            places[candidates[away.argmin()]] = empty
    return places, short


def _deal(numbers: Floats, sizes: Ints, classes: Ints, k: int) -> Ints:
    """Deal patients to folds like cards: each class in turn, its largest patients first, always to the next fold."""
    fold = np.empty(len(numbers), dtype=np.int64)
    start = 0
    for label in np.unique(classes).tolist():
        members = np.flatnonzero(classes == label)
        order = members[np.lexsort((numbers[members], -sizes[members]))]
        fold[order] = (start + np.arange(len(order))) % k
        start += len(order)
    return fold
