"""A bootstrap that draws patients.

A resample is stored as how often each patient was drawn, never as repeated rows, so that a statistic of many resamples
takes a few operations on one array.

Patients are drawn with replacement and bring all their images, because images of one patient are not independent:
Rutter 2000, Academic Radiology 7(6):413-419; Field and Welsh 2007, JRSS B 69(3):369-390. Only patients are drawn, not
images within them (Bouwmeester 2013, Am J Epidemiol 177(11):1209-1217). The draw is not stratified by class: a patient
may have images of several classes, and how many patients of a class are drawn is chance too, on which accuracy and
precision depend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats

# The numbers in one block of image weights: 1 MB of float64 stays in a core's cache.
_BLOCK = 2**17
_LEAST_COLUMNS = 16


def resamples(patients: int, images: int, draws: int, seed: int) -> Iterator[Floats]:
    """Draw patients with replacement, as many as there are.

    Args:
        patients: The number of patients.
        images: The number of images, which sets how many resamples make a block.
        draws: The number of resamples.
        seed: Equal seeds give equal resamples.

    Yields:
        How often each patient was drawn, shape (patients, resamples of the block).
    """
    generator = np.random.default_rng(seed)
    columns = max(_LEAST_COLUMNS, _BLOCK // images)
    for start in range(0, draws, columns):
        width = min(columns, draws - start)
        drawn = generator.integers(0, patients, size=(width, patients))
        cells = drawn * width + np.arange(width)[:, None]
        yield np.bincount(cells.ravel(), minlength=patients * width).reshape(patients, width).astype(np.float64)


def bootstrap(statistic: Callable[[Floats], Floats], patients: int, images: int, draws: int, seed: int) -> Floats:
    """Return the statistic of every resample.

    Args:
        statistic: Takes how often each patient counts, shape (patients, b), and gives m figures, shape (m, b).
        patients: The number of patients.
        images: The number of images.
        draws: The number of resamples, at least 1.
        seed: Equal seeds give equal resamples.

    Returns:
        Shape (m, draws); NaN where a figure is undefined.

    Raises:
        DataError: `draws` is below 1.
    """
    if draws < 1:
        raise DataError(f"resamples={draws}: give 1 or more; about 2000 make an interval steady")
    return np.concatenate([statistic(block) for block in resamples(patients, images, draws, seed)], axis=1)
