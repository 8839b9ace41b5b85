import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.data.folds import folds
from chestnut.data.manifest import SPLITS, Manifest
from chestnut.data.split import split, tally, tolerance
from chestnut.errors import DataError

CLASSES = ("NORMAL", "PNEUMONIA")


def manifest(patients, splits=None):
    """Return a manifest with an image for each (patient, label) pair, and splits in the same order, if given."""
    rows = [{"path": f"/{row}", "patient": patient, "label": label} for row, (patient, label) in enumerate(patients)]
    frame = pd.DataFrame(rows).assign(split=splits if splits is not None else "")
    return Manifest.build(frame, "/data")


def many(count, images=1):
    return [(f"p{number}", CLASSES[number % 2]) for number in range(count) for _ in range(images)]


def where(made):
    """Return the split of each patient; fail if a patient is in two."""
    pairs = set(zip(made.frame["patient"], made.frame["split"], strict=True))
    assert len(pairs) == made.frame["patient"].nunique()
    return dict(pairs)


PEOPLE = st.lists(
    st.tuples(st.text("abcd123", min_size=1, max_size=4), st.sampled_from(CLASSES)), min_size=1, max_size=60
).map(lambda drawn: [*drawn, ("x", "NORMAL"), ("y", "PNEUMONIA")])
SHARES = st.sampled_from([(0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (0.8, 0.2, 0), (0.34, 0.33, 0.33)])


@given(people=PEOPLE, fractions=SHARES, seed=st.integers(0, 2**31 - 1))
@settings(max_examples=30, deadline=None)
def test_no_patient_crosses_and_every_row_is_in_one_split(people, fractions, seed):
    data = manifest(people)
    made = split(data, fractions, seed)
    assert made.frame.drop(columns="split").equals(data.frame.drop(columns="split"))
    assert set(made.frame["split"]) <= {name for name, share in zip(SPLITS, fractions, strict=True) if share}
    where(made)
    majority = made.frame.groupby("patient")["label"].agg(lambda labels: (labels == "PNEUMONIA").mean() >= 0.5)
    for positive in (False, True):
        group = [where(made)[patient] for patient in majority.index[majority == positive]]
        assert not group or "train" in group
        if len(group) >= 3:
            assert {name for name, share in zip(SPLITS, fractions, strict=True) if share} == set(group)


@given(people=PEOPLE, seed=st.integers(0, 1000), order=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_rows_does_not_matter(people, seed, order):
    shuffled = list(people)
    order.shuffle(shuffled)
    assert where(split(manifest(people), seed=seed)) == where(split(manifest(shuffled), seed=seed))
    assert fold_of(people, seed) == fold_of(shuffled, seed)


def fold_of(people, seed):
    data = manifest(people + many(8))
    return dict(zip(data.frame["patient"], folds(data, 2, seed)[0], strict=True))


@given(seed=st.integers(0, 2**31 - 1), count=st.integers(40, 400), fractions=SHARES)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_class_shares_stay_within_the_tolerance(seed, count, fractions):
    counted = tally(made := split(manifest(many(count)), fractions, seed), made.frame["split"])
    for label in CLASSES:
        patients = counted.loc[("", label), "patients"]
        for name, share in zip(SPLITS, fractions, strict=True):
            found = counted["patients"].get((name, label), 0) / patients
            assert abs(found - share) <= tolerance(share, patients)


@given(seed=st.integers(0, 1000), count=st.integers(60, 200), more=st.integers(1, 200), images=st.integers(1, 3))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_adding_patients_moves_no_other_patient(seed, count, more, images):
    few, all_of_them = many(count), many(count + more, images)
    made = split(manifest(few), seed=seed)
    before, after = where(made), where(split(manifest(all_of_them), seed=seed))
    moved = [patient for patient, name in before.items() if after[patient] != name]
    # only one who stands in for a class that had nobody in a split may move, and one in exchange
    assert len(moved) <= 2 * (made.counts().to_numpy() == 1).sum()


def test_seeds_and_fractions():
    data = manifest(many(200))
    first, again, other = (where(split(data, seed=seed)) for seed in (0, 0, 1))
    assert first == again != other
    larger = where(split(data, (0.8, 0.1, 0.1)))
    assert all(larger[patient] == "train" for patient, name in first.items() if name == "train")


def test_shares_are_met_in_expectation():
    data = manifest(many(2000))
    shares = [split(data, seed=seed).frame["split"].value_counts(normalize=True)[list(SPLITS)] for seed in range(5)]
    np.testing.assert_allclose(np.mean(shares, axis=0), (0.7, 0.15, 0.15), atol=0.01)


def test_a_class_too_small_for_every_split_gets_a_note():
    made = split(manifest([*many(40), *[("rare1", "ODD"), ("rare2", "ODD")]]))
    assert "too few patients for every split to have one: ODD (2)" in made.notes
    assert "train" in {where(made)["rare1"], where(made)["rare2"]}
    only = split(manifest([("a", "NORMAL"), ("b", "PNEUMONIA")]), seed=1)
    assert set(where(only).values()) == {"train"}


def test_of_equally_frequent_classes_the_positive_one_counts():
    data = manifest([("both", "NORMAL"), ("both", "PNEUMONIA"), ("n", "NORMAL"), ("p", "PNEUMONIA")])
    with pytest.raises(DataError, match=r"NORMAL has 1 patients, but folds need 2 or more of each class"):
        folds(data, 2)


# The data's own splits


OWN = [
    *[("train", row) for row in range(60)],
    *[("val", row) for row in range(60, 64)],
    *[("test", row) for row in range(64, 90)],
]


def with_own(*names, crossing=False):
    people = many(90)
    rows = [(people[row], name) for name, row in OWN if name in names]
    if crossing:
        rows.append((people[0], names[-1]))
    return manifest([person for person, _ in rows], [name for _, name in rows])


def test_own_splits_are_kept():
    data = with_own("train", "val", "test")
    made = split(data)
    assert made.frame.equals(data.frame)
    assert made.notes == ("the data's own split into train, val, test is kept",)


def test_a_missing_val_is_taken_from_train():
    data = with_own("train", "test")
    made = split(data)
    assert (made.frame["split"] == "test").equals(data.frame["split"] == "test")
    assert {"train", "val"} == set(made.frame.loc[data.frame["split"] == "train", "split"])
    assert "it has no val, taken by patient from train" in made.notes
    assert "split by patient and class with seed 0: train 82%, val 18%" in made.notes
    kept = split(data, (0.8, 0, 0.2))
    assert kept.frame.equals(data.frame)


def test_only_train_counts_as_no_split():
    made = split(with_own("train"))
    assert made.splits == SPLITS
    assert "all images with a split are in train, which counts as no split" in made.notes


def test_resplit_pools_and_unites_patients():
    data = with_own("train", "val", "test", crossing=True)
    assert "1 patients are in more than one split: p0; resplit=True puts each in one" in split(data).notes
    made = split(data, resplit=True)
    assert where(made) == where(split(manifest(many(90))))
    assert "the data's own split into train, val, test is not used" in made.notes


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (
            ["train", "test", ""],
            "1 of 3 images have no split while others do, the first /2; give them one, or pool all",
        ),
        (["test", "test", "test"], "the data has test but no train; add it, or pool all images with resplit=True"),
    ],
)
def test_own_splits_that_cannot_be_used_are_refused(own, said):
    with pytest.raises(DataError, match=said):
        split(manifest(many(3), own))


@pytest.mark.parametrize(
    "fractions", [(0.7, 0.3), (0.7, 0.2, 0.2), (0, 0.5, 0.5), (1.2, -0.1, -0.1), (float("nan"),) * 3]
)
def test_invalid_fractions_are_refused(fractions):
    with pytest.raises(DataError, match=r"give three that sum to 1, .* with train above 0"):
        split(manifest(many(4)), fractions)


def test_images_without_a_label_are_refused():
    data = manifest([*many(4), ("x", "")])
    for call in (split, lambda data: folds(data, 2)):
        with pytest.raises(DataError, match="1 images have no label, the first /4"):
            call(data)


# Folds


@given(people=PEOPLE, k=st.integers(2, 6), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_folds_keep_patients_together_and_classes_even(people, k, seed):
    data = manifest(people + [(f"{label}{number}", label) for label in CLASSES for number in range(6)])
    (numbers,) = folds(data, k, seed)
    frame = data.frame.assign(fold=numbers)
    assert frame.groupby("patient")["fold"].nunique().max() == 1
    positive = frame.groupby("patient").agg(
        share=("label", lambda labels: (labels == "PNEUMONIA").mean()), fold=("fold", "first")
    )
    for group in (positive[positive["share"] >= 0.5], positive[positive["share"] < 0.5]):
        counts = np.bincount(group["fold"], minlength=k)
        assert np.ptp(counts) <= 1
        assert counts.min() >= 1


def test_repeated_folds_differ():
    numbers = folds(manifest(many(50, images=2)), 5, seed=3, repeats=4)
    assert numbers.shape == (4, 100)
    assert len({row.tobytes() for row in numbers}) == 4
    assert all(np.ptp(np.bincount(row)) <= 2 for row in numbers)
    np.testing.assert_array_equal(numbers, folds(manifest(many(50, images=2)), 5, seed=3, repeats=4))


@pytest.mark.parametrize("k", [-1, 0, 1, 6])
def test_invalid_numbers_of_folds_are_refused(k):
    with pytest.raises(DataError, match=rf"{k} folds; give 2 to 5, the number of patients of"):
        folds(manifest(many(10)), k)
    with pytest.raises(DataError, match="repeats=0: give 1 or more"):
        folds(manifest(many(10)), 2, repeats=0)


def test_a_tally_counts_every_patient_once():
    data = manifest([("a", "NORMAL"), ("a", "PNEUMONIA"), ("a", "PNEUMONIA"), ("b", "PNEUMONIA")])
    counted = tally(data, ["one", "one", "two", "two"])
    assert counted.loc[("", "")].tolist() == [4, 2]
    assert counted.loc[("one", "")].tolist() == [2, 1]
    assert counted.loc[("", "PNEUMONIA")].tolist() == [3, 2]
    assert counted.loc[("two", "PNEUMONIA")].tolist() == [2, 2]
