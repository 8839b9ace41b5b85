"""What a cross-validation may use of a data set, how it deals it to folds, and the images of one fold's run.

Called by `search`; calls `split`. Augmented copies are never held out: they train where their patient does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.data.manifest import Manifest
from chestnut.data.split import Ints, folds, refuse_partial, split


def pool(manifest: Manifest) -> Manifest:
    """The images that folds are dealt from, without splits: all but the data's own test split.

    Raises:
        DataError: Own splits that cover only a part of the images, or lack train.
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
        notes.append("the data's own train and val are dealt to folds together")
    if "test" in own:
        aside = int((manifest.frame["split"] == "test").sum())
        notes.append(f"the data's own test split, {aside:,} images, takes no part in the cross-validation")
    if lost.any():
        notes.append(f"{int(lost.sum()):,} augmented copies left out: no image of their patients takes part")
    return kept.with_column("split", [""] * len(kept)).with_note(*notes)


def deal(pooled: Manifest, k: int, seed: int = 0, repeats: int = 1) -> Ints:
    """The fold of each image, by patient and balanced by class; see `split.folds`, for which copies do not count.

    Args:
        pooled: As `pool` gives it.
        k: Number of folds.
        seed: Another one gives other folds.
        repeats: How many times to deal anew.

    Returns:
        Shape (repeats, n), 0..k-1, in row order; a copy has its patient's.

    Raises:
        DataError: As `split.folds`.
    """
    originals = pooled.originals()
    dealt = folds(originals, k, seed, repeats)
    names, first = np.unique(originals.patients, return_index=True)
    return dealt[:, first[np.searchsorted(names, pooled.patients)]]


def hold_out(pooled: Manifest, held: npt.NDArray[np.bool_], fractions: Sequence[float], seed: int) -> Manifest:
    """The images of one fold's run: what is held out as `test`, the rest split by patient into train and val.

    Args:
        pooled: As `pool` gives it.
        held: Whether an image is of the fold, shape (n,).
        fractions: Shares of train, val and test, of which the third is not used: val is taken from what is not held
            out, as large against train as the two first say.
        seed: Another one gives another val.

    Returns:
        Images and copies with their splits; copies in train alone.
    """
    train, val = (share / (fractions[0] + fractions[1]) for share in fractions[:2])
    inside = split(pooled.take(np.flatnonzero(~held)), (train, val, 0.0), seed)
    outside = pooled.take(np.flatnonzero(held)).originals()
    outside = outside.with_column("split", ["test"] * len(outside))
    return replace(inside, frame=pd.concat([inside.frame, outside.frame], ignore_index=True))
