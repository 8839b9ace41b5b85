"""`HogLogistic`: logistic regression on histograms of oriented gradients.

The network's own layers compute the histograms, during the fit as in the finished network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from chestnut.config import HogLogisticConfig, InputSpec
from chestnut.inference.engines.keras_engine import forward
from chestnut.models.build import build
from chestnut.training.classical.affine import Affine, Floats, Targets, fit_logistic
from chestnut.training.inputs import Images


@dataclass(frozen=True)
class HogLogistic:
    """The method: its grid, its fit, and the network that it becomes; see `Method`.

    Attributes:
        config: The recipe's `[model]` table.
        spec: The input of the network.
        classes: The number of classes.
    """

    config: HogLogisticConfig
    spec: InputSpec
    classes: int

    @property
    def grid(self) -> list[dict[str, float]]:
        """The settings to try, the smoothest first."""
        return [{"C": cost} for cost in self.config.costs]

    def features(self, images: Images) -> Floats:
        """Compute the histograms, shape (n, blocks · block² · orientations)."""
        network = build(self.config, self.spec, self.classes)
        histograms = keras.Model(network.input, network.get_layer("features").output)
        return forward(histograms, lambda start, stop: images.batch(np.arange(start, stop)), len(images))

    def part(self, features: Floats, targets: Targets, weights: Floats | None) -> Callable[[dict[str, float]], Affine]:
        """Return a function that fits some images at a point of the grid."""
        return lambda setting: fit_logistic(features, targets, weights, setting["C"])

    def calibration(self, scores: Floats, targets: Targets, weights: Floats | None) -> Affine:
        """Return the identity, since logistic regression gives logits."""
        return Affine(np.eye(scores.shape[1]), np.zeros(scores.shape[1]))

    def network(self, found: Affine, calibration: Affine) -> keras.Model:
        """Return a network of the histograms and the fitted regression."""
        network = build(self.config, self.spec, self.classes)
        logits = calibration.after(found)
        network.get_layer("logits").set_weights([logits.kernel, logits.bias])
        return network

    def facts(self, found: Affine) -> dict[str, int | float]:
        """Return the number of features."""
        return {"features": len(found.kernel)}
