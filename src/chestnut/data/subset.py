"""Take a share of the training patients for a quick comparison; validation and test images all stay."""

from __future__ import annotations

import math

import numpy as np

from chestnut.data.manifest import Manifest
from chestnut.data.patient_groups import hash_numbers, patient_classes
from chestnut.errors import DataError


def take_fraction(manifest: Manifest, fraction: float, seed: int = 0) -> Manifest:
    """Keep a share of each class's training patients, with all their images.

    A patient's class is the class of most of their images. Each class keeps the patients whose names have the lowest
    hash numbers, so that a smaller share is always contained in a larger one.

    Args:
        manifest: The images, with splits.
        fraction: The share, above 0 and at most 1. Every class keeps at least one patient.
        seed: The seed; another one takes other patients.

    Raises:
        DataError: The fraction is outside its range.
    """
    if not 0 < fraction <= 1:
        raise DataError(f"fraction={fraction:g}: give a share of the training patients above 0 and at most 1")
    training = np.flatnonzero(manifest.frame["split"] == "train")
    if fraction == 1 or not len(training):
        return manifest
    names, patient = np.unique(manifest.patients[training], return_inverse=True)
    classes = patient_classes(patient, manifest.targets[training], len(manifest.classes))
    numbers = hash_numbers(names, f"fraction {seed}")
    kept = np.zeros(len(names), dtype=bool)
    for label in np.unique(classes):
        members = np.flatnonzero(classes == label)
        kept[members[np.argsort(numbers[members])[: max(1, math.ceil(fraction * len(members) - 1e-9))]]] = True
    rows = np.ones(len(manifest), dtype=bool)
    rows[training] = kept[patient]
    note = f"{kept.sum():,} of {len(names):,} training patients taken, {fraction:.0%} of each class, with seed {seed}"
    return manifest.take(np.flatnonzero(rows)).with_note(note)
