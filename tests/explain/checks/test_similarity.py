"""Likeness of maps: rank correlation against SciPy, structural similarity against a slow exact version."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from chestnut.explain.checks.similarity import rank_correlation, structural_similarity

MAPS = arrays(np.float32, (12, 13), elements=st.floats(-4, 4, width=16))


def slow_similarity(one, other):
    """Compute Wang's index place by place with explicit weights."""
    x, y = (np.maximum(values, 0) / max(np.maximum(values, 0).max(), 1e-300) for values in (one, other))
    distance = np.arange(-5, 6)
    weights = np.exp(-(distance[:, None] ** 2 + distance**2) / (2 * 1.5**2))
    weights /= weights.sum()
    found = []
    for row in range(5, x.shape[0] - 5):
        for column in range(5, x.shape[1] - 5):
            a, b = (values[row - 5 : row + 6, column - 5 : column + 6] for values in (x, y))
            ma, mb = (weights * a).sum(), (weights * b).sum()
            va, vb = (weights * (a - ma) ** 2).sum(), (weights * (b - mb) ** 2).sum()
            cov = (weights * (a - ma) * (b - mb)).sum()
            found.append((2 * ma * mb + 0.0001) * (2 * cov + 0.0009) / ((ma**2 + mb**2 + 0.0001) * (va + vb + 0.0009)))
    return np.mean(found)


@settings(max_examples=15)
@given(MAPS, MAPS)
def test_structural_similarity_is_that_of_wang(one, other):
    found = structural_similarity(one, other)
    assert found == pytest.approx(slow_similarity(one.astype(float), other.astype(float)), abs=1e-9)
    assert found == structural_similarity(other, one)
    assert structural_similarity(one, one) == 1.0


@settings(max_examples=15)
@given(MAPS, MAPS)
def test_rank_correlation_is_spearmans(one, other):
    found = rank_correlation(one, other)
    if np.ptp(one) and np.ptp(other):
        assert found == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic, abs=1e-9)
    else:
        assert found == 0.0
    assert found == rank_correlation(3 * one, other)
