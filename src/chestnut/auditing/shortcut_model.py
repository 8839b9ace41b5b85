"""The shortcut: what brightness and sharpness of the whole image say of the class. Called by `inference.stress`.

The audit's statistics probe asks how well that works on a data set; here it is fitted on a run's training images, so
that its vote on any other image is known. See `probes` for the statistics and for what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from chestnut.auditing.image_statistics import PixelSource, measure

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shortcut:
    """A classifier that sees `features.STATISTICS` of an image and nothing else.

    It works on one core: trees this small take a hundred times as long where another process wants the others.

    Attributes:
        model: A scikit-learn classifier.
        classes: Number of classes.
    """

    model: Any
    classes: int

    @classmethod
    def fit(cls, pixels: PixelSource, targets: Ints, classes: int, seed: int = 0) -> Shortcut:
        """Learn from training images; all classes weigh the same, so that a vote is no guess of the commoner class.

        Args:
            pixels: Grey images as they were decoded, uint8, shape (n, height, width).
            targets: Class numbers, shape (n,).
            classes: How many classes there are.
            seed: Of the trees.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            min_samples_leaf=int(np.clip(len(targets) // 25, 2, 20)),
            early_stopping=False,
            class_weight="balanced",
            random_state=seed,
        )
        statistics = measure(pixels).statistics
        with threadpool_limits(1):
            return cls(model.fit(statistics, targets), classes)

    def votes(self, pixels: PixelSource) -> Floats:
        """Probabilities of the classes, shape (n, classes)."""
        found = np.zeros((len(pixels), self.classes))
        statistics = measure(pixels).statistics
        with threadpool_limits(1):
            found[:, self.model.classes_] = self.model.predict_proba(statistics)
        return found
