"""Mistakes are grouped only where they form groups."""

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from chestnut.mistakes.clusters import cluster


def points(seed, *centres, each=20):
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.normal(centre, 1, (each, 12)) for centre in centres]).astype(np.float32)


@pytest.mark.slow
def test_planted_groups_are_found():
    values = points(0, 0, 4)
    found = cluster(values, np.arange(40))
    assert len(found.centres) == 2 and found.silhouette > found.chance
    assert len(set(found.codes[:20])) == len(set(found.codes[20:])) == 1 and found.codes[0] != found.codes[-1]
    assert found.silhouette == pytest.approx(silhouette_score(values - values.mean(axis=0), found.codes), abs=0.1)


@pytest.mark.slow
def test_one_cloud_has_no_groups():
    found = cluster(points(1, 0, each=40), np.arange(40))
    assert found.centres == () and (found.codes == -1).all() and found.silhouette is not None


@pytest.mark.parametrize(("count", "patients"), [(19, 19), (40, 9)])
def test_few_mistakes_are_not_grouped(count, patients):
    found = cluster(points(2, 0, 9, each=20)[:count], np.arange(count) % patients)
    assert found.silhouette is None and (found.codes == -1).all()


@pytest.mark.slow
def test_copies_of_one_patient_are_no_group():
    values = points(3, 0, each=30)
    values[:12] = values[0] + 50
    found = cluster(values, np.concatenate([np.zeros(12, dtype=np.int64), np.arange(1, 19)]))
    assert all(len(rows) < 30 and not set(rows) <= set(range(12)) for rows in found.centres)
