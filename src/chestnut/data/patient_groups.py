"""Facts about patients that splits and folds build on: each patient's class, and a reproducible random number."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from chestnut.data.manifest import Manifest
from chestnut.errors import DataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def labelled_targets(manifest: Manifest) -> Ints:
    """Return the class of each image, shape (n,).

    Raises:
        DataError: Some images have no label.
    """
    targets = manifest.targets
    if (targets < 0).any():
        first = manifest.paths[int(targets.argmin())]
        raise DataError(
            f"{int((targets < 0).sum()):,} images have no label, the first {first}; label them or leave them out"
        )
    return targets


def patient_classes(patient: Ints, targets: Ints, classes: int) -> Ints:
    """Return the class of most of each patient's images; at a tie the last class, which is the positive one of two.

    Args:
        patient: The number of each image's patient, from 0, shape (n,).
        targets: The class of each image, shape (n,).
        classes: The number of classes.

    Returns:
        The class of each patient, shape (patients,).
    """
    counts = np.zeros((int(patient.max()) + 1, classes), dtype=np.int64)
    np.add.at(counts, (patient, targets), 1)
    return np.asarray(classes - 1 - counts[:, ::-1].argmax(axis=1), dtype=np.int64)


def hash_numbers(names: npt.NDArray[np.str_], purpose: str) -> Floats:
    """Return a number in [0, 1) for each name: the keyed BLAKE2b hash of the name.

    The numbers are uniform, and those for two purposes are independent.

    Args:
        names: The names, such as patient identities, shape (n,).
        purpose: The key of the hash, of which the first 64 bytes count.
    """
    key = purpose.encode()[:64]
    digests = [hashlib.blake2b(name.encode(), digest_size=8, key=key).digest() for name in names.tolist()]
    # A float has 53 bits; with more, rounding could give 1
    return np.array([(int.from_bytes(digest) >> 11) * 2.0**-53 for digest in digests])
