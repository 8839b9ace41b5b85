"""Labels that are shuffled among patients: no patient is divided, and no label leaves its split."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.data.manifest import Manifest
from chestnut.errors import ExplanationError
from chestnut.studies.shuffled_labels import shuffle_labels, train_on_shuffled_labels

PATIENTS = st.lists(st.tuples(st.sampled_from(["train", "val"]), st.sampled_from("ab"), st.integers(1, 4)), min_size=1)


def manifest(patients):
    rows = [
        {"path": f"{number}-{image}.png", "label": label, "patient": f"p{number}", "split": split}
        for number, (split, label, count) in enumerate(patients)
        for image in range(count)
    ]
    return Manifest.build(pd.DataFrame(rows), Path("images"))


@given(PATIENTS, st.integers(0, 5))
def test_each_patient_has_the_label_of_one_of_the_same_split(patients, seed):
    before = manifest(patients)
    after = shuffle_labels(before, seed)
    assert after.frame.drop(columns="label").equals(before.frame.drop(columns="label"))
    for split in ("train", "val"):
        own = after.frame[after.frame["split"] == split].groupby("patient")["label"]
        assert (own.nunique() == 1).all()
        assert Counter(own.first()) == Counter(label for where, label, _ in patients if where == split)


def test_labels_say_nothing_about_patients_any_more():
    before = manifest([("train", "ab"[number % 2], 1) for number in range(400)])
    same = (shuffle_labels(before, 0).frame["label"] == before.frame["label"]).mean()
    assert 0.4 < same < 0.6
    assert shuffle_labels(before, 0).frame.equals(shuffle_labels(before, 0).frame)


def test_what_was_trained_elsewhere_cannot_be_trained_again(tmp_path):
    class Elsewhere:
        path = tmp_path
        record = type("Record", (), {"imported": object()})

    with pytest.raises(ExplanationError, match="cannot be trained on shuffled labels; leave retrain out"):
        train_on_shuffled_labels(Elsewhere(), tmp_path / "new")
    assert not (tmp_path / "new").exists()
