"""Pick a few random images of each class, for pictures of a data set."""

from __future__ import annotations

import numpy as np

from chestnut.data.manifest import Manifest, Split


def pick_samples(manifest: Manifest, each: int, seed: int = 0, split: Split | None = None) -> list[int]:
    """Return the row numbers of up to `each` random images of each class, in the order of the classes.

    Args:
        manifest: The images.
        each: The greatest number of images of a class.
        seed: The seed; another one picks other images.
        split: Pick from this split alone; None for all images.
    """
    random = np.random.default_rng(seed)
    allowed = np.ones(len(manifest), dtype=bool) if split is None else (manifest.frame["split"] == split).to_numpy()
    return [
        int(row)
        for label in manifest.classes
        for row in random.permutation(np.flatnonzero(allowed & (manifest.frame["label"] == label).to_numpy()))[:each]
    ]
