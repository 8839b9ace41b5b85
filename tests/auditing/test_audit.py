import json
from dataclasses import replace

import numpy as np
import pytest

from chestnut.auditing.audit import CHECKS, Audit, Finding
from chestnut.auditing.shortcut_probes import SUBJECTS
from chestnut.errors import DataError, ImageError
from chestnut.files.json_files import json_text

KEYS = {"version", "worst", "counts", "data", "findings", "passed"}


@pytest.fixture(scope="module")
def sound(collection):
    return collection.audit()


@pytest.fixture(scope="module")
def faulty(collection):
    """Every fault that can stand beside the others, planted in one collection."""
    place = np.arange(120) // 4
    changed = collection.with_column(split=np.where(place < 4, "val", np.where(place < 8, "test", "train")))
    changed = changed.with_facts(format=np.where(collection.labels == "NORMAL", "JPEG", "PNG"))
    pixels = collection.pixels.copy()
    pixels[collection.labels == "NORMAL", :4] = 240
    changed = replace(changed, pixels=pixels)
    changed = changed.with_pixels(60, np.rot90(pixels[60])).with_pixels(70, 255 - pixels[70])
    changed = changed.with_pixels(80, np.zeros((64, 64), np.uint8))
    changed = changed.copied(90, label="NORMAL", patient="q").copied(91, split="val").copied(92, patient="q").copied(94)
    return changed.audit(bad=[ImageError("/data/broken.png", "truncated")])


def first(collection, count):
    return replace(
        collection, rows=collection.rows[:count], pixels=collection.pixels[:count], facts=collection.facts[:count]
    )


def named(audit):
    return {finding.name: finding for finding in audit.findings}


def test_a_sound_collection_has_no_errors_or_warnings(sound):
    """But for its lungs: these chests are too simply drawn for a network that knows real ones."""
    probes = {f"probe-{subject}" for subject in SUBJECTS}
    assert {one.severity for one in sound.findings if one.name != "lungs-not-found"} == {"info"}
    assert probes <= set(named(sound)) <= probes | {"without-lungs", "unusual-images", "lungs-not-found"}
    for name in ("facts", "statistics", "border"):
        figures = named(sound)[f"probe-{name}"].figures
        assert figures["low"] <= 0.5 <= figures["high"]
    assert {"unreadable-files", "conflicting-duplicates", "class-imbalance", "rotated-images"} <= set(sound.passed)


def test_checks_of_splits_pass_only_where_there_are_splits(sound, collection):
    of_splits = {"duplicates-across-splits", "patients-across-splits", "small-validation-split", "small-test-split"}
    assert not of_splits & set(sound.passed)
    halves = first(collection, 36).with_column(split=np.where(np.arange(36) < 18, "train", "val"))
    assert {"duplicates-across-splits", "patients-across-splits"} <= set(halves.audit().passed)


@pytest.mark.parametrize(
    ("name", "severity", "file"),
    [
        ("unreadable-files", "error", "/data/broken.png"),
        ("conflicting-duplicates", "error", "/data/copy-120.png"),
        ("duplicates-across-splits", "error", "/data/copy-121.png"),
        ("duplicates-across-patients", "warning", "/data/copy-122.png"),
        ("duplicates-within-patient", "info", "/data/copy-123.png"),
        ("patients-across-splits", "error", "/data/copy-121.png"),
        ("small-validation-split", "error", None),
        ("small-test-split", "error", None),
        ("files-follow-class", "error", None),
        ("probe-facts", "error", None),
        ("probe-border", "error", None),
        ("without-lungs", "error", None),
        ("rotated-images", "warning", "/data/060.png"),
        ("inverted-images", "warning", "/data/070.png"),
        ("blank-images", "warning", "/data/080.png"),
    ],
)
def test_a_planted_fault_is_told(faulty, name, severity, file):
    finding = named(faulty)[name]
    assert finding.severity == severity
    assert file is None or file in finding.files
    assert finding.title
    assert any(digit in finding.evidence for digit in "0123456789")
    assert finding.remedy
    assert name not in faulty.passed


def test_the_worst_comes_first(faulty):
    severities = [finding.severity for finding in faulty.findings]
    assert faulty.worst == "error"
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert [finding.name for finding in faulty.findings[:2]] == ["unreadable-files", "conflicting-duplicates"]
    assert faulty.counts() == {severity: severities.count(severity) for severity in ("error", "warning", "info")}


def test_an_audit_survives_the_trip_through_json(faulty, sound):
    for audit in (faulty, sound):
        values = json.loads(json_text(audit.to_dict()))
        assert set(values) == KEYS
        again = Audit.from_dict(values)
        assert again.to_dict() == audit.to_dict()
        assert again.findings[0].files == audit.findings[0].files


def test_what_was_looked_at_is_kept(faulty):
    data = faulty.data
    assert (data["images"], data["patients"], data["unreadable"], data["size"]) == (124, 61, 1, [64, 64])
    assert data["classes"] == {
        "NORMAL": {"images": 62, "patients": 31},
        "PNEUMONIA": {"images": 62, "patients": 30},
    }
    assert list(data["splits"]) == ["train", "val", "test"]


def test_the_same_seed_gives_the_same_audit_and_progress_ends_at_its_total(collection, sound):
    seen = []
    again = collection.audit(progress=lambda done, total: seen.append((done, total)))
    assert again.to_dict() == sound.to_dict()
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len({total for _, total in seen}) == 1


def test_a_few_images_are_audited_as_far_as_they_go(collection):
    audit = first(collection, 6).audit()
    assert {"probes-skipped", "outliers-skipped"} <= set(named(audit))
    assert "rotated-images" not in audit.passed
    assert {"blank-images", "patients-with-several-labels"} <= set(audit.passed)


def test_where_each_image_is_a_patient_nothing_is_said_of_patients(collection):
    audit = first(collection, 6).with_column(patient=list("abcdef"), split="train").audit()
    assert not {name for name in audit.passed if name.startswith("patients") or name.endswith("within-patient")}


def test_small_images_are_audited_too(collection):
    small = replace(collection, pixels=collection.pixels[:, ::4, ::4])
    assert {"probe-border", "probe-statistics"} <= set(named(small.audit()))


def test_what_is_not_of_the_same_images_is_refused(collection):
    with pytest.raises(DataError, match="120 rows, 119 images and 120 facts"):
        replace(collection, pixels=collection.pixels[1:]).audit()
    with pytest.raises(DataError, match="at least 16×16"):
        replace(collection, pixels=collection.pixels[:, :8, :8]).audit()


@pytest.mark.parametrize("values", [{}, {"version": 2}, {"version": 1}, {"version": 1, "findings": [{"name": "x"}]}])
def test_what_is_no_audit_is_refused(values):
    with pytest.raises(DataError, match="audit"):
        Audit.from_dict(values)


def test_an_empty_audit_has_no_worst():
    assert Audit.build([], [], {}).worst is None


def test_every_finding_has_a_check_to_its_name(faulty, sound):
    assert set(named(faulty)) | set(named(sound)) <= set(CHECKS)
    with pytest.raises(KeyError):
        Audit.build([Finding("unheard-of", "info", "", "")], [], {})
