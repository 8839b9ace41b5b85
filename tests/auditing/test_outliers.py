import numpy as np
import pytest

from chestnut.auditing.outliers import find_outliers, outlier_findings, skipped_outliers

#: Row of an image, what is done to it, and what is to be said of it.
FAULTS = {
    "rotated by 90": (3, lambda image: np.rot90(image, 1), "rotated", 90),
    "rotated by 180": (14, lambda image: np.rot90(image, 2), "rotated", 180),
    "rotated by 270": (25, lambda image: np.rot90(image, 3), "rotated", 270),
    "inverted": (36, lambda image: 255 - image, "inverted", 0),
    "blank": (47, lambda image: np.full_like(image, 90), "blank", 0),
    "nearly blank": (58, lambda image: (image > 254).astype(np.uint8) * 255 + image // 64, "blank", 0),
    "noise": (69, lambda image: np.random.default_rng(1).integers(0, 256, image.shape, np.uint8), "unusual", 0),
    "upper left quarter": (80, lambda image: image[:32, :32].repeat(2, 0).repeat(2, 1), "unusual", 0),
}


def find(collection, seed=0):
    return find_outliers(collection.features().thumbnails, collection.manifest.patients, seed)


@pytest.fixture(scope="module")
def faulty(collection):
    for row, change, _, _ in FAULTS.values():
        collection = collection.with_pixels(row, change(collection.pixels[row]))
    return collection


@pytest.fixture(scope="module")
def found(faulty):
    return {outlier.row: outlier for outlier in find(faulty)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(found, fault):
    row, _, kind, turn = FAULTS[fault]
    assert (found[row].kind, found[row].turn) == (kind, turn)


def test_few_sound_images_are_flagged(collection, found):
    planted = {row for row, *_ in FAULTS.values()}
    assert len(set(found) - planted) <= 2
    sound = find(collection)
    assert len(sound) <= 2
    assert {outlier.kind for outlier in sound} <= {"unusual"}


def test_the_same_seed_finds_the_same(faulty, found):
    assert {outlier.row: outlier for outlier in find(faulty)} == found


def test_of_few_images_only_blank_ones_are_found(collection):
    few = collection.with_pixels(0, 255 - collection.pixels[0]).with_pixels(1, 0 * collection.pixels[1])
    thumbnails = few.features().thumbnails
    found = find_outliers(thumbnails[:29], few.manifest.patients[:29])
    assert [(outlier.row, outlier.kind) for outlier in found] == [(1, "blank")]
    one_patient = find_outliers(thumbnails, np.full(120, "p"))
    assert [outlier.kind for outlier in one_patient] == ["blank"]


def test_what_was_skipped_is_told(collection):
    assert skipped_outliers(collection.manifest) == []
    (finding,) = skipped_outliers(collection.manifest.take(range(20)))
    assert (finding.name, finding.severity) == ("outliers-skipped", "info")
    assert "20 images of 10 patients" in finding.evidence


def test_each_kind_is_one_finding_with_its_files(faulty, found):
    findings = {one.name: one for one in outlier_findings(faulty.manifest, list(found.values()))}
    assert list(findings) == ["inverted-images", "rotated-images", "blank-images", "unusual-images"]
    assert [one.severity for one in findings.values()] == ["warning", "warning", "warning", "info"]
    assert all(one.remedy for one in findings.values())
    rotated = findings["rotated-images"]
    assert set(rotated.files) == {"/data/003.png", "/data/014.png", "/data/025.png"}
    assert "1 by 90°, 1 by 180°, 1 by 270°" in rotated.evidence
    assert {item["turn"] for item in rotated.figures["outliers"]} == {90, 180, 270}
    assert findings["blank-images"].files == ("/data/047.png", "/data/058.png")
    assert findings["blank-images"].title == "2 images are blank"
    assert findings["inverted-images"].title == "1 image looks inverted (bone dark, air bright)"
    assert "0.8 % of all images (NORMAL 1)" in findings["inverted-images"].evidence


def test_no_outliers_make_no_finding(collection):
    assert outlier_findings(collection.manifest, []) == []
