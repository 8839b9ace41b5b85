"""Number the patients of images, and sum over the images of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints


def number_patients(patients: npt.ArrayLike) -> tuple[Ints, int]:
    """Number patients in the order of their identities, so that the order of rows does not matter.

    Args:
        patients: Identities, shape (n,).

    Returns:
        Each image's patient as a number from 0, shape (n,), and the number of patients.
    """
    names, numbers = np.unique(np.asarray(patients).astype(str), return_inverse=True)
    return numbers.astype(np.int64), len(names)


def sum_by_patient(values: npt.ArrayLike, owners: Ints, groups: npt.ArrayLike = 0, number: int = 1) -> Floats:
    """Sum values over each patient's images.

    Args:
        values: The value of each image, shape (n,), or one for all.
        owners: Each image's patient number, shape (n,).
        groups: The group of each image, from 0 to `number` - 1, shape (n,) or one for all; groups are summed apart.
        number: The number of groups.

    Returns:
        Shape (number, patients).
    """
    patients = int(owners.max()) + 1
    cells = np.asarray(groups) * patients + owners
    weights = np.broadcast_to(np.asarray(values, dtype=np.float64), owners.shape)
    sums = np.bincount(cells, weights, number * patients).astype(np.float64)
    return sums.reshape(number, patients)
