"""Choose images to check maps on: of all classes alike, and one of each patient."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from chestnut.data.manifest import Manifest


def choose_images(manifest: Manifest, most: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the rows of images in a random order in which the classes take turns, as long as they last.

    Args:
        manifest: The images; those without a class are left out.
        most: The most images to choose.
        seed: The seed of the choice.

    Returns:
        Row numbers, each of another patient, shape (at most `most`,).
    """
    order = np.random.default_rng(seed).permutation(len(manifest))
    order = order[manifest.targets[order] >= 0]
    _, first = np.unique(manifest.patients[order], return_index=True)
    alone = order[np.sort(first)]
    targets = manifest.targets[alone]
    turns = zip_longest(*(alone[targets == number].tolist() for number in np.unique(targets)))
    chosen = [row for turn in turns for row in turn if row is not None]
    return np.asarray(chosen[:most], dtype=np.int64)
