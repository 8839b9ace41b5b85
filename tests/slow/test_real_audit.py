"""The audit of the Kaggle set's training images: what README and the findings say of them is held here."""

from pathlib import Path

import pytest

from chestnut.auditing.audit import audit
from chestnut.auditing.image_statistics import measure
from chestnut.auditing.lung_fields import measure_lungs
from chestnut.auditing.shortcut_probes import Probe, run_probes
from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.data.decoding.headers import read_facts
from chestnut.data.sources.load import load_dataset

IMAGES = Path(__file__).parents[3] / "shared" / "data" / "chest-xray-224"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IMAGES.is_dir(), reason=f"the Kaggle training images are not at {IMAGES}"),
]


@pytest.fixture(scope="module")
def found():
    decoded = decode_all(load_dataset(IMAGES), InputSpec())
    made = audit(decoded.manifest, decoded.pixels, read_facts(decoded.manifest.paths))
    return {finding.name: finding for finding in made.findings}


@pytest.mark.parametrize(
    ("probe", "auroc"),
    [
        ("probe-statistics", 0.95),
        ("probe-border", 0.94),
        ("probe-outside", 0.97),
        ("probe-geometry", 0.97),
        ("without-lungs", 0.97),
    ],
)
def test_the_classes_are_told_without_the_lungs(found, probe, auroc):
    assert found[probe].severity == "error"
    assert found[probe].figures["auroc"] == pytest.approx(auroc, abs=0.01)
    assert found[probe].figures["high"] - found[probe].figures["low"] < 0.03


def test_a_crop_to_the_lungs_takes_much_of_the_geometry_and_the_surroundings_away():
    manifest = load_dataset(IMAGES)
    decoded = decode_all(manifest.take(range(0, len(manifest), 4)), InputSpec(frame="lungs"))
    lungs = measure_lungs(decoded.pixels)
    facts = read_facts(decoded.manifest.paths)
    probes = run_probes(decoded.manifest, measure(decoded.pixels), lungs, facts, subjects=("outside", "geometry"))
    assert all(0.7 < probe.auroc < 0.88 for probe in probes if isinstance(probe, Probe))
    assert [probe.subject for probe in probes if isinstance(probe, Probe)] == ["outside", "geometry"]


def test_lungs_are_found_in_nearly_every_image_and_no_copy_has_other_dimensions(found):
    assert found["probe-dimensions"].figures == {"subject": "dimensions", "reason": "All pictures are 224×224 pixels"}
    assert "lungs-not-found" not in found or found["lungs-not-found"].figures["share"] < 0.005
    assert "lungs-follow-class" not in found


def test_no_more_than_one_in_a_hundred_images_is_called_odd(found):
    odd = [found[name].figures["share"] for name in found if name.endswith("-images")]
    assert sum(odd) < 0.01


def test_different_patients_are_not_taken_for_copies(found):
    copies = found["duplicates-within-patient"].figures
    assert (copies["exact_groups"], copies["near_groups"]) == (24, 0)
    assert not {"conflicting-duplicates", "duplicates-across-patients"} & set(found)
