"""What the guard says of drawn radiographs that were turned, inverted or made of something else."""

import numpy as np
import pytest

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import decode_framed
from chestnut.data.decoding.viewed import decode_viewed, view_spec
from chestnut.data.phantom.radiograph import draw_patient
from chestnut.inference.guard.looks import Looks, Seen
from chestnut.inference.guard.reference import GuardReference, Sample
from chestnut.inference.guard.rehearsal import CHANGES, changed
from chestnut.inference.guard.verdict import Verdicts, describe_outliers, verdicts

pytestmark = pytest.mark.slow  # sixty chests are drawn

SPEC = InputSpec(height=96, width=96)


@pytest.fixture(scope="module")
def chests():
    drawn = [draw_patient(number, size=96)[0] for number in range(60)]
    return [np.rint(255 * one.grey).astype(np.uint8) for one in drawn]


@pytest.fixture(scope="module")
def reference(chests):
    """A guard that knows the drawn chests, and whose features say nothing."""
    images = [Seen(chest, chest, (224, 224)) for chest in chests]
    features = np.random.default_rng(0).standard_normal((60, 2)).astype(np.float32)
    known = Sample(Looks.measure(images, SPEC), features, np.arange(60) % 2, np.arange(60).astype(str))
    return GuardReference.fit(known, known, 0.02)


def say(reference, view, stored=(224, 224), features=(0.0, 0.0)):
    (reason,) = verdicts(reference, [Seen(view, view, stored)], np.array([features]), SPEC).reasons
    return reason


def test_a_chest_like_the_others_is_let_through(reference, chests):
    found = verdicts(reference, [Seen(chest, chest, (224, 224)) for chest in chests], np.zeros((60, 2)), SPEC)
    assert sum(found.in_distribution) >= 58
    assert all(not reason for reason, inside in zip(found.reasons, found.in_distribution, strict=True) if inside)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda chest: np.rot90(chest, -1), "rotated by 90° to the right"),
        (np.rot90, "rotated by 90° to the left"),
        (lambda chest: chest[::-1, ::-1], "upside down"),
        (lambda chest: 255 - chest, "grey values look inverted"),
        (np.zeros_like, "almost no contrast"),
        (lambda chest: np.full_like(chest, 200), "almost no contrast"),
        (CHANGES["noise in its place"], "not a chest from the front: no lungs"),
        (CHANGES["left half only"], "not a chest from the front: one lung only"),
    ],
)
def test_what_is_strange_about_an_image_is_named(reference, chests, change, reason):
    assert say(reference, np.ascontiguousarray(change(chests[0]))) == reason


def test_a_tiny_image_and_one_that_is_far_by_its_features_are_named(reference, chests):
    assert say(reference, chests[0], stored=(20, 24)) == "only 24×20 pixels"
    assert say(reference, chests[0], features=(90.0, 0.0)) == "far from the training images"


def test_where_training_images_show_no_lungs_their_absence_is_usual():
    random = np.random.default_rng(0)
    views = [random.integers(0, 256, (48, 48), np.uint8) for _ in range(60)]
    looks = Looks.measure([Seen(view, view, (48, 48)) for view in views], SPEC)
    features = random.standard_normal((60, 2)).astype(np.float32)
    known = Sample(looks, features, np.arange(60) % 2, np.arange(60).astype(str))
    reference = GuardReference.fit(known, known, 0.05)
    assert reference.lungs is None and "placement" not in reference.tails
    assert say(reference, random.integers(0, 256, (48, 48), np.uint8), (48, 48)) == ""


def test_a_change_of_a_lung_cropped_input_is_made_before_the_crop(chests):
    spec = InputSpec(height=64, width=64, frame="lungs", intensity="equalise")
    seen = changed(chests[0], (96, 96), CHANGES["mirrored"], spec)
    assert seen.image.shape == (64, 64) and (seen.view == chests[0][:, ::-1]).all()


def test_of_many_reasons_the_frequent_ones_are_named():
    reasons = {f"reason {number}": number for number in range(1, 7)}
    expected = (
        "21 of 99 images are unlike the training images (6 reason 6, 5 reason 5, 4 reason 4, 3 reason 3, 3 for other"
    )
    assert describe_outliers(reasons, 99).startswith(expected)


def test_verdicts_are_cut_and_joined():
    parts = [
        Verdicts((True,), np.array([0.5]), ("",), np.array([1.0])),
        Verdicts((False, False), np.array([0.01, 0.02]), ("upside down", "upside down"), np.array([3.0, 2.0])),
    ]
    whole = Verdicts.joined(parts)
    assert (len(whole), whole.counts) == (3, {"upside down": 2})
    assert whole.first(2).to_rows()[1] == {"in_distribution": False, "score": 0.01, "reason": "upside down"}


@pytest.mark.parametrize(
    "spec",
    [
        InputSpec(height=40, width=50, resize="fit"),
        InputSpec(height=40, width=40, resize="crop", intensity="equalise"),
        InputSpec(height=40, width=40, frame="lungs", intensity="percentile"),
    ],
)
def test_an_image_is_framed_as_ever_where_the_whole_is_kept_too(tmp_path, chests, spec):
    from PIL import Image

    file = tmp_path / "chest.png"
    Image.fromarray(chests[0]).resize((150, 120)).save(file)
    viewed, framed = decode_viewed(str(file), spec), decode_framed(str(file), spec)
    assert (viewed.framed.image == framed.image).all() and viewed.framed.found == framed.found
    assert (viewed.view == decode_framed(str(file), view_spec(spec)).image).all()
