"""Images without lungs: counted, listed, and set against the class."""

from dataclasses import replace

import numpy as np
import pytest

from chestnut.auditing.lung_findings import lungs_follow_class, lungs_not_found


def without(collection, rows):
    reasons = np.full(len(collection.rows), "", object)
    reasons[rows] = "one lung only"
    return replace(collection.lungs(), reasons=tuple(reasons))


def test_where_all_have_lungs_nothing_is_said(collection):
    assert lungs_not_found(collection.manifest, collection.lungs()) == []
    assert lungs_follow_class(collection.manifest, collection.lungs()) == []


def test_images_without_lungs_are_counted_by_class_and_listed(collection):
    (finding,) = lungs_not_found(collection.manifest, without(collection, [2, 4, 5]))
    assert (finding.name, finding.severity) == ("lungs-not-found", "info")
    assert finding.title == "Lungs were not found in 3 of 120 images"
    assert "2.5 % of the images, 2 of them NORMAL, 1 of them PNEUMONIA: 3× one lung only" in finding.evidence
    assert finding.files == ("/data/002.png", "/data/004.png", "/data/005.png")
    assert finding.figures["classes"] == {"NORMAL": 2, "PNEUMONIA": 1}
    assert finding.figures["reasons"]["/data/004.png"] == "one lung only"


def test_many_images_without_lungs_are_a_warning(collection):
    (finding,) = lungs_not_found(collection.manifest, without(collection, range(100)))
    assert finding.severity == "warning"
    assert "frontal chest images at all" in finding.remedy


def test_images_without_lungs_that_go_with_the_class_are_a_warning(collection):
    ill = np.flatnonzero(collection.labels == "PNEUMONIA")
    (finding,) = lungs_follow_class(collection.manifest, without(collection, ill[:20]))
    assert (finding.name, finding.severity) == ("lungs-follow-class", "warning")
    assert "0 % of NORMAL, 33 % of PNEUMONIA" in finding.evidence
    assert finding.figures["p"] <= 0.01


@pytest.mark.parametrize("rows", [range(24), [2, 3], [119]])
def test_images_without_lungs_that_chance_explains_are_not(collection, rows):
    """The first 24 are twelve patients, half of them of each class."""
    assert lungs_follow_class(collection.manifest, without(collection, rows)) == []


def test_without_two_classes_there_is_nothing_to_follow(collection):
    assert lungs_follow_class(collection.with_column(label="NORMAL").manifest, without(collection, range(9))) == []
    assert lungs_follow_class(collection.with_column(label="").manifest, without(collection, range(9))) == []
