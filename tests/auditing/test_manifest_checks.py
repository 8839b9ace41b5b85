import numpy as np
import pytest

from chestnut.auditing.manifest_checks import (
    imbalance,
    patients_across_splits,
    several_labels,
    small_split,
    unreadable,
)
from chestnut.errors import ImageError
from chestnut.evaluation.standard_errors import auroc_error


def in_splits(collection, val, test=0):
    """The first `val` patients of each class in val, the next `test` in test, the others in train."""
    place = np.arange(120) // 4
    split = np.where(place < val, "val", np.where(place < val + test, "test", "train"))
    return collection.with_column(split=split)


def test_unreadable_files_are_named_with_their_reasons():
    bad = [ImageError("/data/a.png", "truncated"), ImageError("/data/b.png", "is empty"), ImageError("c", "truncated")]
    (finding,) = unreadable(bad, 97)
    assert (finding.name, finding.severity) == ("unreadable-files", "error")
    assert finding.files == ("/data/a.png", "/data/b.png", "c")
    assert finding.title == "3 files cannot be read"
    assert finding.evidence == "3 % of the files: 2× truncated, 1× is empty."
    assert finding.figures["reasons"]["/data/b.png"] == "is empty"
    assert "--skip-bad" in finding.remedy
    assert unreadable([], 97) == []


def test_patients_in_two_splits_are_an_error(collection):
    sound = in_splits(collection, 10, 5)
    assert patients_across_splits(sound.manifest) == []
    split = sound.rows["split"].to_numpy(copy=True)
    split[[0, 41]] = "train", "val"  # of patient p00 in val, and p20 in test
    (finding,) = patients_across_splits(collection.with_column(split=split).manifest)
    assert (finding.name, finding.severity) == ("patients-across-splits", "error")
    assert finding.figures["between"] == {"test and val": 1, "train and val": 1}
    assert finding.figures["names"] == ["p00", "p20"]
    assert set(finding.files) == {"/data/000.png", "/data/001.png", "/data/040.png", "/data/041.png"}
    assert "--resplit" in finding.remedy


def test_patients_without_a_split_are_in_no_two(collection):
    split = np.where(np.arange(120) % 2, "train", "")
    assert patients_across_splits(collection.with_column(split=split).manifest) == []


@pytest.mark.parametrize(("patients", "severity", "word"), [(2, "info", "Look"), (20, "warning", "--patient-regex")])
def test_patients_of_two_classes_are_a_warning_where_many(collection, patients, severity, word):
    labels = collection.labels.copy()
    labels[0 : 2 * patients : 2] = np.where(labels[0 : 2 * patients : 2] == "NORMAL", "PNEUMONIA", "NORMAL")
    (finding,) = several_labels(collection.with_column(label=labels).manifest)
    assert finding.severity == severity
    assert finding.figures["patients"] == patients
    assert len(finding.files) == 2 * patients
    assert word in finding.remedy
    assert several_labels(collection.manifest) == []


def test_a_validation_split_as_small_as_kaggles_is_an_error(collection):
    (finding,) = small_split(in_splits(collection, 4).manifest, "val")
    assert (finding.name, finding.severity) == ("small-validation-split", "error")
    assert finding.title == "The validation split is too small to guide training: 16 images"
    assert finding.figures["smallest_class_patients"] == 4
    assert finding.figures["accuracy_standard_error"] == pytest.approx((0.09 / 8) ** 0.5)
    assert finding.figures["auroc_standard_error"] == pytest.approx(auroc_error(0.9, 4, 4))
    assert f"{auroc_error(0.9, 4, 4):.3f}" in finding.evidence
    assert "--folds" in finding.remedy


def test_a_test_split_is_judged_alike(collection):
    (finding,) = small_split(in_splits(collection, 5, 5).manifest, "test")
    assert finding.name == "small-test-split"
    assert small_split(in_splits(collection, 5).manifest, "test") == []


def test_a_split_without_a_class_has_no_auroc(collection):
    split = np.where((np.arange(120) < 60) & (collection.labels == "NORMAL"), "val", "train")
    (finding,) = small_split(collection.with_column(split=split).manifest, "val")
    assert finding.severity == "error"
    assert finding.figures["auroc_standard_error"] is None
    assert "without PNEUMONIA the AUROC has no value" in finding.evidence


@pytest.mark.parametrize(("normal", "severity"), [(80, "info"), (100, "warning")])
def test_unlike_class_sizes_are_told_with_the_ratio(collection, normal, severity):
    labels = np.where(np.arange(120) < normal, "NORMAL", "PNEUMONIA")
    (finding,) = imbalance(collection.with_column(label=labels).manifest)
    assert (finding.name, finding.severity) == ("class-imbalance", severity)
    assert finding.figures["ratio"] == normal / (120 - normal)
    assert f"{normal / 1.2:.0f} %" in finding.evidence
    assert "data.balance=weights" in finding.remedy
    assert imbalance(collection.manifest) == []


def test_only_training_images_count_for_the_balance(collection):
    split = np.where(collection.labels == "NORMAL", "train", "val")
    split[2] = "train"
    (finding,) = imbalance(collection.with_column(split=split).manifest)
    assert finding.title == "NORMAL has 60.0 times as many training images as PNEUMONIA"
