"""Tests of taking a share of the training patients; validation and test stay whole."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chestnut as cn
from chestnut.data.manifest import Manifest
from chestnut.data.subset import take_fraction
from chestnut.errors import DataError


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    rows = [
        {"path": f"/{label}{patient}_{image}.png", "label": label, "patient": f"{label}{patient}"}
        for label, patients in (("A", 90), ("B", 40))
        for patient in range(patients)
        for image in range(random.integers(1, 4))
    ]
    return cn.split(Manifest.build(rows, Path("/data")), (0.6, 0.2, 0.2))


def patients(manifest, split, label):
    frame = manifest.frame
    return set(frame.loc[(frame["split"] == split) & (frame["label"] == label), "patient"])


@settings(max_examples=30, deadline=None)
@given(fraction=st.floats(0.01, 1), other=st.floats(0.01, 1), seed=st.integers(0, 3))
def test_a_share_of_each_class_by_patient(data, fraction, other, seed):
    taken, more = (take_fraction(data, share, seed) for share in sorted([fraction, other]))
    assert set(taken.paths) <= set(more.paths)
    for label in data.classes:
        every = patients(data, "train", label)
        expected = max(1, np.ceil(min(fraction, other) * len(every) - 1e-9))
        assert len(patients(taken, "train", label)) == expected
        for held in ("val", "test"):
            assert patients(taken, held, label) == patients(data, held, label)
    kept = taken.frame[taken.frame["split"] == "train"]
    assert len(kept) == data.frame["patient"].isin(set(kept["patient"])).sum()


def test_another_seed_takes_other_patients(data):
    assert set(take_fraction(data, 0.3, 0).paths) != set(take_fraction(data, 0.3, 1).paths)
    assert take_fraction(data, 0.3).notes[-1].startswith("26 of 83 training patients taken, 30% of each class")


@pytest.mark.parametrize("fraction", [0, -0.5, 1.5])
def test_a_share_out_of_range_is_refused(data, fraction):
    with pytest.raises(DataError, match=f"fraction={fraction:g}: give a share of the training patients above 0"):
        take_fraction(data, fraction)
