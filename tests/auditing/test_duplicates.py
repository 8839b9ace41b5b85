import cv2
import numpy as np
import pytest

from chestnut.auditing.duplicates import (
    LEAST_CORRELATION,
    candidates,
    correlations,
    digests,
    duplicate_findings,
    find_duplicates,
    hashes,
)


def find(collection):
    thumbnails = collection.features().thumbnails
    return find_duplicates(collection.pixels, thumbnails, digests(collection.pixels))


def findings(collection):
    return {one.name: one for one in duplicate_findings(collection.manifest, find(collection))}


def recompressed(image):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_GRAYSCALE)


def resized(image):
    return cv2.resize(cv2.resize(image, (48, 48), interpolation=cv2.INTER_AREA), (64, 64))


def brightened(image):
    return np.clip(image.astype(int) + 20, 0, 255).astype(np.uint8)


def darkened_by_gamma(image):
    return (255 * (image / 255) ** 1.25).astype(np.uint8)


def stamped(image):
    return cv2.putText(image.copy(), "R", (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1)


CHANGES = [recompressed, resized, brightened, darkened_by_gamma, stamped]


def test_a_collection_without_copies_has_no_groups(collection):
    assert find(collection) == ()


def test_an_exact_copy_is_found(collection):
    (group,) = find(collection.copied(7))
    assert group.rows == (7, 120)
    assert group.exact


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(collection, change):
    (group,) = find(collection.copied(7, change(collection.pixels[7])))
    assert group.rows == (7, 120)
    assert not group.exact
    assert LEAST_CORRELATION <= group.correlation < 1


def test_the_negative_and_the_mirror_image_are_no_copies(collection):
    image = collection.pixels[7]
    assert find(collection.copied(7, 255 - image).copied(7, image[:, ::-1])) == ()


def test_copies_of_copies_are_one_group(collection):
    image = collection.pixels[7]
    (group,) = find(collection.copied(7).copied(7, brightened(image)).copied(7, recompressed(image)))
    assert group.rows == (7, 120, 121, 122)
    assert not group.exact


def test_blank_images_are_copies_only_where_their_pixels_are_the_same(collection):
    generator = np.random.default_rng(1)
    noise = [generator.integers(0, 3, (64, 64), np.uint8) for _ in range(2)]
    changed = collection.copied(0, np.zeros((64, 64), np.uint8)).copied(0, np.zeros((64, 64), np.uint8))
    (group,) = find(changed.copied(0, noise[0]).copied(0, noise[1]))
    assert group.rows == (120, 121)


def test_candidates_are_all_pairs_of_near_hashes():
    generator = np.random.default_rng(0)
    hashed = generator.integers(0, 2**63, (50, 4), np.uint64)
    hashed[49] = hashed[3] ^ np.uint64(0b1011)
    pairs = {
        (int(one), int(other))
        for ones, others in candidates(hashed, most=110)
        for one, other in zip(ones, others, strict=True)
    }
    distance = np.bitwise_count(hashed[:, None] ^ hashed[None]).sum(axis=2, dtype=int)
    expected = {(int(one), int(other)) for one, other in np.argwhere(distance <= 110) if one < other}
    assert (3, 49) in pairs
    assert pairs == expected


def test_a_hash_is_robust_to_exposure_and_telling_of_patients(collection):
    thumbnails = collection.features().thumbnails
    brighter = np.stack([brightened(image) for image in thumbnails])
    hashed, changed = hashes(thumbnails), hashes(brighter)
    assert hashed.shape == (120, 4)
    assert np.bitwise_count(hashed ^ changed).sum(axis=1).max() < 30
    assert np.bitwise_count(hashed[:-1] ^ hashed[1:]).sum(axis=1).min() > 60


def test_correlations_stand_in_the_order_of_the_pairs(collection):
    ones, others = np.array([5, 0, 9]), np.array([0, 9, 9])
    found = correlations(collection.pixels, ones, others)
    assert found[2] == pytest.approx(1, abs=1e-4)
    again = correlations(collection.pixels, others[:1], ones[:1])
    assert found[0] == pytest.approx(again[0])
    assert found[:2].max() < LEAST_CORRELATION


@pytest.mark.parametrize(
    ("changes", "name", "severity"),
    [
        ({"label": "PNEUMONIA", "split": "val", "patient": "q"}, "conflicting-duplicates", "error"),
        ({"split": "val", "patient": "q"}, "duplicates-across-splits", "error"),
        ({"patient": "q"}, "duplicates-across-patients", "warning"),
        ({}, "duplicates-within-patient", "info"),
    ],
)
def test_a_copy_is_told_in_its_worst_sense_alone(collection, changes, name, severity):
    copied = collection.with_column(split="train").copied(0, **changes)
    (finding,) = duplicate_findings(copied.manifest, find(copied))
    assert (finding.name, finding.severity) == (name, severity)
    assert finding.files == ("/data/000.png", "/data/copy-120.png")
    assert finding.figures["copies"] == [{"files": list(finding.files), "correlation": 1.0}]
    assert "000.png (NORMAL, train, patient p00)" in finding.evidence
    assert finding.remedy


def test_near_and_exact_copies_are_counted_apart(collection):
    copied = collection.copied(0).copied(2, brightened(collection.pixels[2]))
    finding = findings(copied)["duplicates-within-patient"]
    assert (finding.figures["exact_groups"], finding.figures["near_groups"], finding.figures["images"]) == (1, 1, 4)
    assert finding.files[:2] == ("/data/000.png", "/data/copy-120.png")
    assert "1 with exactly the same pixels and 1 nearly the same" in finding.evidence
