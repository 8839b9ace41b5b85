"""`Affine`, a linear map from features to logits, and logistic regression, which fits one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.floating]
Targets = npt.NDArray[np.int64]

#: The most steps of the optimiser; scikit-learn warns if they are not enough.
_STEPS = 2000


@dataclass(frozen=True)
class Affine:
    """The map x ↦ x·kernel + bias.

    Attributes:
        kernel: The weights, shape (d, k).
        bias: The offsets, shape (k,).
    """

    kernel: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        """Map rows (n, d) to (n, k)."""
        return np.asarray(x @ self.kernel + self.bias)

    def after(self, first: Affine) -> Affine:
        """Return the composition of this map with another, which is applied first.

        >>> twice, plus = Affine(np.array([[2.0]]), np.zeros(1)), Affine(np.eye(1), np.ones(1))
        >>> twice.after(plus)(np.array([[3.0]]))
        array([[8.]])
        """
        return Affine(first.kernel @ self.kernel, first.bias @ self.kernel + self.bias)


def fit_logistic(features: Floats, targets: Targets, weights: Floats | None, cost: float) -> Affine:
    """Fit a logistic regression with an L2 penalty, multinomial for more than two classes.

    Args:
        features: The features, shape (n, d).
        targets: The class of each row, shape (n,); each of 0..k-1 occurs.
        weights: The weight of each row, shape (n,); None for equal weights.
        cost: The inverse of the penalty, above 0: scikit-learn's C.

    Returns:
        A map to k logits that sum to 0, so that two classes are treated alike.
    """
    features = np.asarray(features, dtype=np.float64)  # in single precision the optimiser stops too early
    found = LogisticRegression(C=cost, max_iter=_STEPS).fit(features, targets, sample_weight=weights)
    kernel, bias = found.coef_.T, found.intercept_
    if kernel.shape[1] == 1:
        kernel, bias = kernel * [-0.5, 0.5], bias * [-0.5, 0.5]
    return Affine(kernel, bias)
