"""The reference of prediction sets: what is written is read, says nothing of who patients are, and is never trusted."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from chestnut.errors import BundleError
from chestnut.evaluation.conformal import SetPlan, SetRule
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.part_file import pack_arrays
from chestnut.inference.reference import Reference

PATH, CLASSES = Path("run/bundle/conformal.npz"), ("NORMAL", "PNEUMONIA")


def sample(images=40, outputs=2, seed=0):
    random = np.random.default_rng(seed)
    logits = random.standard_normal((images, outputs)).astype(np.float32)
    return logits, random.integers(0, 2, images), np.array([f"patient-{n}" for n in random.integers(0, 20, images)])


@pytest.mark.parametrize("outputs", [1, 2])
def test_what_is_written_gives_the_same_sets_at_any_temperature(outputs):
    logits, targets, patients = sample(outputs=outputs)
    read = Reference.from_part(Reference.build(logits, targets, patients).to_part(), PATH, 2)
    numbers = np.unique(patients, return_inverse=True)[1]
    for temperature, plan in ((1.0, SetPlan(0.8)), (3.0, SetPlan(0.7, per_class=True))):
        expected = SetRule.fit(plan, probabilities(logits, temperature), targets, numbers, CLASSES)
        assert read.fit(plan, temperature, CLASSES) == expected


def test_it_is_the_same_whatever_patients_are_called_and_images_are_ordered():
    logits, targets, patients = sample()
    content = Reference.build(logits, targets, patients).to_part()
    assert b"patient-" not in content
    order = np.random.default_rng(1).permutation(len(targets))
    renamed = np.array([f"{hash(name)}" for name in patients])
    assert Reference.build(logits[order], targets[order], renamed[order]).to_part() == content


def packed(**changed):
    arrays = dict(zip(("logits", "targets", "patients"), sample(6), strict=True))
    arrays["patients"] = np.arange(6)
    arrays |= {name: np.asarray(value) for name, value in changed.items()}
    return pack_arrays(arrays)


def lying():
    """An array whose header promises a million times what is there."""
    content, member = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array(member, np.zeros((6, 2), np.float32))
    with zipfile.ZipFile(io.BytesIO(packed())) as old, zipfile.ZipFile(content, "w") as archive:
        archive.writestr(
            "logits.npy", member.getvalue().replace(b"(6, 2), }", b"(10**9,2)}").replace(b"10**9", b"99999")
        )
        for name in ("targets.npy", "patients.npy"):
            archive.writestr(name, old.read(name))
    return content.getvalue()


def inflated():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        member = io.BytesIO()
        np.lib.format.write_array(member, np.zeros((2_000, 1), np.float32))
        archive.writestr("logits.npy", member.getvalue())
    return content.getvalue()


def pickled():
    content = io.BytesIO()
    np.savez(content, logits=np.array([{}], dtype=object), targets=np.zeros(1, int), patients=np.zeros(1, int))
    return content.getvalue()


#: Content, and what the message says of it.
HOSTILE = {
    "no archive": (lambda: b"not an archive", "not a zip file"),
    "cut off": (lambda: packed()[:-40], "not a zip file"),
    "empty": (lambda: pack_arrays({}), "no array logits"),
    "pickled": (pickled, "object|Python objects"),
    "a lie": (lying, "its header disagree"),
    "inflated": (inflated, "is compressed, and may be far larger"),
    "NaN": (lambda: packed(logits=np.full((6, 2), np.nan)), "logits contains numbers that are NaN"),
    "infinite": (lambda: packed(logits=np.full((6, 2), np.inf)), "NaN or infinite"),
    "three columns": (lambda: packed(logits=np.zeros((6, 3))), r"shape \(6, 3\), for 2 classes"),
    "flat": (lambda: packed(logits=np.zeros(6)), r"shape \(6,\), for 2 classes"),
    "no images": (lambda: packed(logits=np.zeros((0, 2)), targets=[], patients=[]), "float64, not whole numbers"),
    "none": (lambda: packed(logits=np.zeros((0, 2)), targets=np.zeros(0, int)), r"shape \(0, 2\)"),
    "whole logits": (lambda: packed(logits=np.zeros((6, 2), int)), "not decimal numbers"),
    "short": (lambda: packed(targets=np.zeros(5, int)), r"targets have the shape \(5,\), for 6 images"),
    "third class": (lambda: packed(targets=np.full(6, 2)), "targets are not numbers from 0 to 1"),
    "negative": (lambda: packed(patients=np.arange(6) - 1), "patients are not numbers from 0 to 5"),
    "huge": (lambda: packed(patients=np.full(6, 2**63 - 1)), "patients are not numbers from 0 to 5"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_content_is_refused_in_one_line(kind):
    make, message = HOSTILE[kind]
    with pytest.raises(BundleError, match=rf"(?s)^run/bundle/conformal.npz is damaged \(.*({message})") as caught:
        Reference.from_part(make(), PATH, 2)
    assert "\n" not in str(caught.value)
    assert "restore it from a copy, or make it anew" in str(caught.value)


def test_bytes_changed_anywhere_never_raise_anything_else():
    content = bytearray(packed())
    random = np.random.default_rng(0)
    for place in random.integers(0, len(content), 300):
        damaged = bytearray(content)
        damaged[place] = random.integers(0, 256)
        try:
            Reference.from_part(bytes(damaged), PATH, 2)
        except BundleError as error:
            assert "\n" not in str(error)
