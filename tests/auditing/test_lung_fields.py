"""The lungs as an audit sees them: on phantoms, whose truth is known."""

import cv2
import numpy as np
import pandas as pd
import pytest

from chestnut.auditing.audit import audit
from chestnut.auditing.image_statistics import CELLS, shrink
from chestnut.auditing.lung_fields import measure_lungs
from chestnut.data.manifest import Manifest
from chestnut.data.phantom.radiograph import draw_patient
from chestnut.lungfield.geometry import GEOMETRY

PATIENTS = 80


@pytest.fixture(scope="module")
def few():
    return np.stack([draw_patient(number, size=96, seed=5)[0].pixels for number in range(3)])


def test_what_lies_outside_the_lungs_keeps_its_greys_and_the_lungs_are_black(few):
    fields = measure_lungs(few)
    assert fields.found.all()
    assert fields.geometry.shape == (3, len(GEOMETRY))
    assert np.isfinite(fields.geometry).all()
    for image, cells in zip(few, fields.outside.reshape(-1, CELLS, CELLS), strict=True):
        plain = shrink(image, CELLS)
        assert (cells <= plain).all()
        assert 0.1 < (cells == plain).mean() < 0.9
        assert cells[CELLS // 2, [CELLS // 4, CELLS // 2, 3 * CELLS // 4]].tolist() == [0, 0, 0]


def test_images_without_lungs_have_a_reason_and_no_figures(few):
    blank = np.zeros_like(few[:1])
    fields = measure_lungs(np.concatenate([few[:1], blank]))
    assert fields.found.tolist() == [True, False]
    assert fields.reasons[1]
    assert not fields.geometry[1].any() and not fields.outside[1].any()
    assert fields.take(np.array([1])).reasons == fields.reasons[1:]


def test_images_are_counted_as_they_are_measured(few):
    seen = []
    measure_lungs(np.repeat(few[:1], 130, axis=0), seen.append)
    assert seen == [128, 130]


@pytest.fixture(scope="module")
def phantoms():
    """Phantoms whose class, drawn by lot, has nothing to do with what they show."""
    images = np.stack([draw_patient(number, size=96, seed=11)[0].pixels for number in range(PATIENTS)])
    labels = np.where(np.random.default_rng(2).permutation(PATIENTS) % 2, "PNEUMONIA", "NORMAL")
    return images, labels


def findings(images, labels):
    rows = [{"path": f"/{row}.png", "label": label, "patient": f"p{row}"} for row, label in enumerate(labels)]
    facts = pd.DataFrame(
        {"format": "PNG", "mode": "L", "width": 96, "height": 96, "bits": 8, "bytes": 1}, range(len(rows))
    )
    return {one.name: one for one in audit(Manifest.build(pd.DataFrame(rows), "/"), images, facts).findings}


@pytest.mark.slow
def test_classes_by_lot_are_not_told_by_the_lungs_or_what_surrounds_them(phantoms):
    found = findings(*phantoms)
    for name in ("probe-geometry", "probe-outside"):
        assert found[name].figures["low"] <= 0.5 <= found[name].figures["high"]
    assert found["without-lungs"].severity == "info"


@pytest.mark.slow
def test_a_wider_field_in_one_class_is_found_in_the_lungs_geometry(phantoms):
    images, labels = phantoms
    framed = images.copy()
    for row in np.flatnonzero(labels == "NORMAL"):
        inner = cv2.resize(images[row], (78, 78), interpolation=cv2.INTER_AREA)
        framed[row] = cv2.copyMakeBorder(inner, 9, 9, 9, 9, cv2.BORDER_REPLICATE)
    found = findings(framed, labels)
    assert found["probe-geometry"].severity == "error"
    assert found["probe-geometry"].figures["auroc"] >= 0.9
    assert found["without-lungs"].severity == "error"
    assert "without the inside of the lungs" in found["without-lungs"].title
