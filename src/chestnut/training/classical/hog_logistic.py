"""`HogLogistic`: fits logistic regression on histograms of oriented gradients, and writes it into its network.

Called by `classical`; calls `models`, whose layers compute the histograms here as in the finished network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from chestnut.config import HogLogisticConfig, InputSpec
from chestnut.inference.keras_engine import forward
from chestnut.models.build import build
from chestnut.training.classical.affine import Affine, Floats, Targets, logistic
from chestnut.training.inputs import Images


@dataclass(frozen=True)
class HogLogistic:
    """The method: what is searched, how it is fitted, and the network that it becomes.

    Attributes:
        config: The recipe's `[model]` table.
        spec: What the network is fed.
        classes: Number of classes.
    """

    config: HogLogisticConfig
    spec: InputSpec
    classes: int

    @property
    def grid(self) -> list[dict[str, float]]:
        """What is tried, the smoothest first."""
        return [{"C": cost} for cost in self.config.costs]

    def features(self, images: Images) -> Floats:
        """Histograms, (n, blocks · block² · orientations)."""
        network = build(self.config, self.spec, self.classes)
        histograms = keras.Model(network.input, network.get_layer("features").output)
        return forward(histograms, lambda start, stop: images.batch(np.arange(start, stop)), len(images))

    def part(self, features: Floats, targets: Targets, weights: Floats | None) -> Callable[[dict[str, float]], Affine]:
        """Make ready to fit a part of the images at any point of the grid."""
        return lambda setting: logistic(features, targets, weights, setting["C"])

    def calibration(self, scores: Floats, targets: Targets, weights: Floats | None) -> Affine:
        """Nothing: logistic regression gives logits."""
        return Affine(np.eye(scores.shape[1]), np.zeros(scores.shape[1]))

    def network(self, found: Affine, calibration: Affine) -> keras.Model:
        """The fitted regression behind its histograms."""
        network = build(self.config, self.spec, self.classes)
        logits = calibration.after(found)
        network.get_layer("logits").set_weights([logits.kernel, logits.bias])
        return network

    def facts(self, found: Affine) -> dict[str, int | float]:
        """What else the fit has decided."""
        return {"features": len(found.kernel)}
