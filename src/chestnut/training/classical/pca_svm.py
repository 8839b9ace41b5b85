"""`PcaSvm`: principal components and a support vector machine, fitted by scikit-learn and turned into a network."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import keras
import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.svm import SVC

from chestnut.config import InputSpec, PcaSvmConfig
from chestnut.models.build import build
from chestnut.training.classical.affine import Affine, Floats, Targets, fit_logistic
from chestnut.training.inputs import Images

#: The solver's cache for values of the kernel, in megabytes.
_CACHE = 500
#: The C of the calibration. So few weights need little penalty. It keeps them finite if the scores separate the classes
#: without an error, a case for which Platt smooths the targets.
_CALIBRATION = 1.0


@dataclass(frozen=True)
class Machine:
    """The fitted components and support vectors.

    Attributes:
        pca: The map from pixels to components.
        svc: The map from components to a score for each pair of classes.
    """

    pca: PCA
    svc: SVC

    def __call__(self, features: Floats) -> Floats:
        """Return the scores, shape (n, pairs), one per pair of classes; of two classes, above 0 for the second."""
        found = self.svc.decision_function(self.pca.transform(features))
        return np.asarray(found).reshape(len(features), -1)

    def pairs(self) -> Affine:
        """Return the map from the kernel's values at the support vectors to the scores.

        For the pair i, j, libsvm stores the coefficient of a support vector of class i in row j-1 (if j is above i) or
        j (if j is below i) of `dual_coef_` (Chang and Lin 2011, ACM TIST 2:27, §4). For two classes, scikit-learn
        reverses the sign.
        """
        coefficients, counts = self.svc.dual_coef_, self.svc.n_support_
        label = np.repeat(np.arange(len(counts)), counts)
        if len(counts) == 2:
            return Affine(coefficients.T, self.svc.intercept_)
        columns = [
            np.where(label == first, coefficients[second - 1], 0.0)
            + np.where(label == second, coefficients[first], 0.0)
            for first, second in combinations(range(len(counts)), 2)
        ]
        return Affine(np.stack(columns, axis=1), self.svc.intercept_)


class ReducedImages:
    """Images reduced to components once, for a fit at every point of the grid."""

    def __init__(self, pca: PCA, features: Floats, targets: Targets, weights: Floats | None) -> None:
        self.pca = pca.fit(features)
        self.components = self.pca.transform(features)
        self.targets = targets
        self.weights = weights

    def __call__(self, setting: dict[str, float]) -> Machine:
        """Fit a machine with C and gamma, the latter in units of 1/(components · their mean variance)."""
        gamma = setting["gamma"] / (self.components.shape[1] * self.components.var())
        svc = SVC(C=setting["C"], gamma=gamma, decision_function_shape="ovo", cache_size=_CACHE)
        return Machine(self.pca, svc.fit(self.components, self.targets, sample_weight=self.weights))


@dataclass(frozen=True)
class PcaSvm:
    """The method: its grid, its fit, and the network that it becomes; see `Method`.

    Attributes:
        config: The recipe's `[model]` table.
        spec: The input of the network.
        classes: The number of classes.
        seed: The seed of the search for components.
    """

    config: PcaSvmConfig
    spec: InputSpec
    classes: int
    seed: int

    @property
    def grid(self) -> list[dict[str, float]]:
        """The settings to try, the smoothest first."""
        return [{"C": cost, "gamma": gamma} for cost in self.config.costs for gamma in self.config.gammas]

    def features(self, images: Images) -> Floats:
        """Return the pixels, 0..1, shape (n, height · width · channels)."""
        batch = images.batch(np.arange(len(images)))
        return batch.reshape(len(images), -1).astype(np.float32) / 255

    def part(self, features: Floats, targets: Targets, weights: Floats | None) -> ReducedImages:
        """Return a function that fits some images at a point of the grid."""
        pca = PCA(self.config.components, whiten=self.config.whiten, random_state=self.seed)
        return ReducedImages(pca, features, targets, weights)

    def calibration(self, scores: Floats, targets: Targets, weights: Floats | None) -> Affine:
        """Fit a map from the scores of held-out images to logits (Platt 1999; multinomial above two classes)."""
        return fit_logistic(scores, targets, weights, _CALIBRATION)

    def network(self, machine: Machine, calibration: Affine) -> keras.Model:
        """Return the fitted machine with its calibration as a Keras network."""
        order = _interleave_classes(machine.svc.n_support_)
        pca, supports = machine.pca, machine.svc.support_vectors_[order]
        gamma = machine.svc.get_params()["gamma"]
        network = build(self.config, self.spec, self.classes, supports=len(supports))
        axes = pca.components_.T
        if self.config.whiten:
            axes = axes / np.sqrt(pca.explained_variance_)
        logits = calibration.after(machine.pairs())
        values = {
            "components": (axes, -pca.mean_ @ axes),
            "supports": (2 * gamma * supports.T, -gamma * np.square(supports).sum(axis=1)),
            "own": (np.full((self.config.components, 1), -gamma),),
            "logits": (logits.kernel[order], logits.bias),
        }
        for name, arrays in values.items():
            network.get_layer(name).set_weights(list(arrays))
        return network

    def facts(self, machine: Machine) -> dict[str, int | float]:
        """Return the explained variance and the number of support vectors."""
        explained = float(machine.pca.explained_variance_ratio_.sum())
        return {"explained_variance": round(explained, 4), "support_vectors": len(machine.svc.support_vectors_)}


def _interleave_classes(counts: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Return an order of the support vectors, which are sorted by class, that mixes the classes evenly.

    The coefficients of one class sum to minus those of the other. Added class by class in single precision, a score
    would rise to hundreds and fall again, and lose three digits.

    >>> _interleave_classes(np.array([2, 4])).tolist()
    [2, 0, 3, 4, 1, 5]
    """
    share = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
    return np.argsort(share, kind="stable")
