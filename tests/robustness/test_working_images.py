"""Working images: a change comes before the network's input is made, whichever rows are read and in whatever order."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from chestnut import load_dataset
from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.data.decoding.intensity import standardise
from chestnut.data.phantom.radiograph import draw_patient
from chestnut.data.pixels import Pixels
from chestnut.robustness.shifts import SHIFTS, Shifted
from chestnut.robustness.working_images import WorkingImages, working_spec

SPEC = InputSpec(height=24, width=32, intensity="percentile")


@pytest.fixture(scope="module")
def working():
    stored = np.random.default_rng(0).integers(40, 200, (20, 24, 32), dtype=np.uint8)
    return WorkingImages(None, Pixels(stored, np.arange(20)), SPEC)


def darken(row, image):
    """Change an image by its row, so that a row that is mixed up shows."""
    return (image * (0.3 + 0.03 * row)).astype(np.uint8)


def test_inputs_are_standardised_after_the_change(working):
    inputs = working.inputs(darken)
    assert inputs.shape == (20, 24, 32) and len(inputs) == 20
    expected = [standardise(darken(row, image), "percentile") for row, image in enumerate(working.pixels[:])]
    np.testing.assert_array_equal(inputs[:], expected)
    np.testing.assert_array_equal(np.concatenate([inputs[start : start + 7] for start in range(0, 20, 7)]), expected)
    np.testing.assert_array_equal(inputs[np.array([9, 2])], [expected[9], expected[2]])


def test_without_a_change_inputs_are_those_of_the_images(working):
    np.testing.assert_array_equal(
        working.inputs()[:], [standardise(image, "percentile") for image in working.pixels[:]]
    )


@pytest.fixture(scope="module")
def chests():
    """Phantoms at twice the size of the input, and at the end a picture without lungs."""
    drawn = [draw_patient(number, size=160, seed=31)[0].pixels for number in range(3)]
    drawn.append(np.random.default_rng(0).integers(0, 256, drawn[0].shape, dtype=np.uint8))
    return WorkingImages(None, Pixels(np.stack(drawn), np.arange(4)), InputSpec(height=80, width=80, frame="lungs"))


@pytest.mark.parametrize("name", ["letterbox", "border-black", "border-white"])
def test_a_crop_to_the_lungs_undoes_another_framing(chests, name):
    plain, moved = chests.inputs(), chests.inputs(Shifted(SHIFTS[name], chests.pixels, np.arange(4), None).change)
    kept, cropped = (inputs[:3].astype(float) for inputs in (plain, moved))
    whole = WorkingImages(None, chests.pixels, InputSpec(height=160, width=160))
    before, after = whole.inputs()[:3].astype(float), whole.inputs(moved._change)[:3].astype(float)
    assert np.abs(cropped - kept).mean() < 0.3 * np.abs(after - before).mean()
    assert plain.found[:3].all() and moved.found[:3].all()


def test_images_whose_lungs_a_change_takes_away_are_seen_whole_and_told(chests):
    inputs = chests.inputs(lambda row, image: image if row == 1 else np.full_like(image, 90))
    assert (inputs[:] == 90).all(axis=(1, 2)).tolist() == [True, False, True, True]
    assert inputs.found.tolist() == [False, True, False, False]
    assert chests.inputs().found.tolist() == [False] * 4  # until they are read
    assert WorkingImages(None, chests.pixels, InputSpec(height=160, width=160)).inputs().found is None


@pytest.mark.parametrize(("changes", "stored", "size", "resize"), [
    ({"frame": "lungs"}, (900, 900), (448, 400), "fit"),
    ({"frame": "lungs"}, (300, 250), (300, 268), "fit"),
    ({"frame": "lungs", "resize": "stretch"}, (900, 900), (448, 400), "stretch"),
    ({"frame": "lungs", "resize": "stretch"}, (300, 250), (300, 250), "stretch"),
    ({"frame": "lungs", "resize": "stretch"}, (100, 250), (224, 250), "stretch"),
    ({"outside": "blank", "height": 400}, (900, 900), (512, 256), "fit"),
    ({"inside": "blank", "height": 600}, (900, 900), (600, 200), "fit"),
])  # fmt: skip
def test_images_are_kept_larger_and_whole_where_the_input_shows_a_part(changes, stored, size, resize):
    spec = InputSpec(**{"height": 224, "width": 200, "intensity": "equalise", "resize": "crop"} | changes)
    kept = working_spec(spec, stored)
    assert (kept.height, kept.width) == size and kept.resize == resize
    assert (kept.frame, kept.outside, kept.inside, kept.intensity) == ("whole", "keep", "keep", "none")


def test_an_image_that_nothing_changes_is_what_the_network_sees_in_prediction(tmp_path):
    for number, place in enumerate(["train/NORMAL", "train/PNEUMONIA", "val/NORMAL", "val/PNEUMONIA"]):
        (tmp_path / place).mkdir(parents=True)
        Image.fromarray(draw_patient(number, size=160, seed=31)[0].pixels).save(tmp_path / place / f"p{number}.png")
    spec = InputSpec(height=112, width=112, frame="lungs", intensity="equalise")
    decoded = decode_all(load_dataset(tmp_path), spec)
    inputs = WorkingImages.read(SimpleNamespace(manifest=decoded.manifest), spec).inputs()
    np.testing.assert_array_equal(inputs[:], decoded.pixels[:])
    assert inputs.found.all()
