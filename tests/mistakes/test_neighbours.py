"""The nearest training images are those of a slow search, never of the same patient or of the same pixels."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chestnut.data.manifest import Manifest
from chestnut.mistakes.feature_space import FeatureSpace
from chestnut.mistakes.neighbours import find_neighbourhood


@pytest.fixture
def space():
    generator = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "path": [f"/{row}.png" for row in range(60)],
            "label": ["A" if row % 3 else "B" for row in range(60)],
            "patient": [f"p{row // 2}" for row in range(60)],
            "sha256": [f"{row:064x}" for row in range(60)],
        }
    )
    features = generator.normal(5, [1, 10, 0.1, 1], (60, 4))
    features[:, 3] = 7  # a feature that never varies
    return FeatureSpace.of(Manifest.build(rows, Path("/data")), features), features


def test_the_nearest_are_those_of_a_slow_search(space):
    known, features = space
    asked = np.array([5.5, 9, 5.05, 8])
    scaled = (features[:, :3] - features[:, :3].mean(axis=0)) / features[:, :3].std(axis=0)
    point = (asked[:3] - features[:, :3].mean(axis=0)) / features[:, :3].std(axis=0)
    point = np.append(point, 1)  # the feature that never varies counts as it is
    rows = np.column_stack([scaled, np.zeros(60)])
    slow = 1 - rows @ point / np.linalg.norm(rows, axis=1) / np.linalg.norm(point)
    found = find_neighbourhood(known, asked, "another", "0", ("A", "B"))
    for label in "AB":
        ranked = sorted((slow[row], f"/{row}.png") for row in range(60) if ("A" if row % 3 else "B") == label)
        near = [(one.distance, one.path) for one in found.nearest if one.label == label]
        assert [path for _, path in near] == [path for _, path in ranked[:2]]
        assert [distance for distance, _ in near] == pytest.approx([distance for distance, _ in ranked[:2]], abs=1e-4)
    nearest = np.argsort(slow)[:10]
    assert found.labels == {"A": int((nearest % 3 > 0).sum()), "B": int((nearest % 3 == 0).sum())}


def test_images_of_the_same_patient_and_copies_are_left_out(space):
    known, features = space
    found = find_neighbourhood(known, features[8], "p4", f"{30:064x}", ("A", "B"))
    ranked = find_neighbourhood(known, features[8], "another", "0", ("A", "B"))
    assert ranked.nearest[0].path == "/8.png" and ranked.nearest[0].distance == pytest.approx(0, abs=1e-6)
    assert not {"/8.png", "/9.png", "/30.png"} & {one.path for one in found.nearest}
