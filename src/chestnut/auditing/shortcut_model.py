"""`Shortcut`: a classifier that sees only the brightness and sharpness of whole images.

The statistics probe of an audit tests how well such a classifier does on a data set. Here it is fitted to a run's
training images and predicts other images. `image_statistics` describes what it sees.
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
    """A classifier that sees `image_statistics.STATISTICS` of an image and nothing else.

    It uses one core: trees this small take a hundred times as long where another process needs the others.

    Attributes:
        model: A scikit-learn classifier.
        classes: The number of classes.
    """

    model: Any
    classes: int

    @classmethod
    def fit(cls, pixels: PixelSource, targets: Ints, classes: int, seed: int = 0) -> Shortcut:
        """Fit a classifier to training images, with equal weight for every class.

        Otherwise it would favour the commoner class.

        Args:
            pixels: Grey images as decoded, uint8, shape (n, height, width).
            targets: Class numbers, shape (n,).
            classes: The number of classes.
            seed: The seed of the trees.
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
        """Predict the probabilities of the classes, shape (n, classes)."""
        found = np.zeros((len(pixels), self.classes))
        statistics = measure(pixels).statistics
        with threadpool_limits(1):
            found[:, self.model.classes_] = self.model.predict_proba(statistics)
        return found
