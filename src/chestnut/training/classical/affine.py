"""`Affine`: a map from features to logits, and logistic regression, which finds one.

Called by the classical methods, to classify or to calibrate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.floating]
Targets = npt.NDArray[np.int64]

#: Steps of the optimiser; scikit-learn warns where they are not enough.
_STEPS = 2000


@dataclass(frozen=True)
class Affine:
    """x ↦ x·kernel + bias.

    Attributes:
        kernel: (d, k).
        bias: (k,).
    """

    kernel: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        """Map rows (n, d) to (n, k)."""
        return np.asarray(x @ self.kernel + self.bias)

    def after(self, first: Affine) -> Affine:
        """This map of what another gives, as one.

        >>> twice, plus = Affine(np.array([[2.0]]), np.zeros(1)), Affine(np.eye(1), np.ones(1))
        >>> twice.after(plus)(np.array([[3.0]]))
        array([[8.]])
        """
        return Affine(first.kernel @ self.kernel, first.bias @ self.kernel + self.bias)


def logistic(features: Floats, targets: Targets, weights: Floats | None, cost: float) -> Affine:
    """Logistic regression with an L2 penalty; multinomial for more than two classes.

    Args:
        features: (n, d).
        targets: Class of each row, (n,); each of 0..k-1 occurs.
        weights: Of each row, (n,); None for 1.
        cost: Inverse of the penalty, above 0: scikit-learn's C.

    Returns:
        A map to k logits that sum to 0, so that of two classes neither is favoured.
    """
    features = np.asarray(features, dtype=np.float64)  # in single precision the optimiser stops short
    found = LogisticRegression(C=cost, max_iter=_STEPS).fit(features, targets, sample_weight=weights)
    kernel, bias = found.coef_.T, found.intercept_
    if kernel.shape[1] == 1:
        kernel, bias = kernel * [-0.5, 0.5], bias * [-0.5, 0.5]
    return Affine(kernel, bias)
