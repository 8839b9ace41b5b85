"""Make labels wrong on purpose, patient by patient."""

from __future__ import annotations

import numpy as np

#: Which of two classes lose images: both, or the first only.
SIDES = {"both": (0, 1), "one": (0,)}


def plant_flips(targets: np.ndarray, patients: np.ndarray, rate: float, side: str, seed: int) -> np.ndarray:
    """Return the labels with the classes of some patients' images exchanged.

    Patients of each class are taken in random order until at least `rate` of the images of that class are wrong; all
    images of a class that a patient has change together, as they do where one report gives the label of several.

    Args:
        targets: The class of each image, 0 or 1, shape (n,).
        patients: The patient of each image, shape (n,).
        rate: The share of the images of a class that change, 0..1.
        side: `both` or `one`; with `one`, only images of class 0 change.
        seed: The seed.
    """
    random = np.random.default_rng(seed)
    flipped = targets.copy()
    for label in SIDES[side]:
        wanted, changed = rate * (targets == label).sum(), 0
        for patient in random.permutation(np.unique(patients[targets == label])):
            if changed >= wanted:
                break
            rows = (targets == label) & (patients == patient)
            flipped[rows] = 1 - label
            changed += int(rows.sum())
    return flipped
