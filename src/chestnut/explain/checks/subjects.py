"""`Subjects`: the images that maps are made of, with what is known of their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.explain.checks.zones import Mask, Regions


@dataclass(frozen=True, eq=False)
class Subjects:
    """The images that maps are made of.

    Attributes:
        images: The images as the network sees them, uint8, shape (n, height, width).
        targets: The class number of each, of which its map is made, shape (n,).
        patients: Patient identities, shape (n,).
        regions: The regions of each; None where no lungs were found.
        lesions: The lesion of each as the network sees it; None where none is known.
        classes: The class names.
    """

    images: Grey
    targets: npt.NDArray[np.int64]
    patients: npt.NDArray[np.str_]
    regions: Sequence[Regions | None]
    lesions: Sequence[Mask | None]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.targets)
