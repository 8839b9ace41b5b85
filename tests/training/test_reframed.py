"""Reframed training images: whose lungs move where, that draws repeat themselves, and what is refused."""

import numpy as np
import pytest

from chestnut.config import Recipe, load_recipe
from chestnut.errors import DataError, RecipeError
from chestnut.models.build import build_recipe
from chestnut.models.device import repeatable
from chestnut.progress import silent
from chestnut.training import reframed as module
from chestnut.training.batches import Batches
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.frozen import Frozen
from chestnut.training.inputs import Images
from chestnut.training.learner import Learner
from chestnut.training.loop import Validation, fit
from chestnut.training.reframed import Reframed, training_images

SIDE, COUNT = 40, 60
RECIPE = Recipe(name="moved").changed(
    [
        *(f"input.height={SIDE}", f"input.width={SIDE}", "augment.reframe=1.0", "model.filters=[4]", "model.dense=[8]"),
        *("train.batch_size=8", "train.precision=float32", "train.epochs=3"),
    ]
)


@pytest.fixture(scope="module")
def framed():
    """Black images with one bright box each, which stands for the lungs; every tenth has none."""
    random = np.random.default_rng(0)
    pixels, boxes = np.zeros((COUNT, SIDE, SIDE), np.uint8), np.full((COUNT, 4), np.nan)
    for row in range(COUNT):
        top, left = random.integers(2, 12, 2)
        bottom, right = random.integers(24, 38, 2)
        if row % 10:
            pixels[row, top:bottom, left:right] = 200
            boxes[row] = np.array([top, left, bottom, right]) / SIDE
        else:
            pixels[row] = random.integers(0, 255, (SIDE, SIDE))
    return pixels, boxes


def reframed(framed, recipe=RECIPE):
    pixels, boxes = framed
    return Reframed(Images(pixels, recipe.input), boxes, recipe)


def bright_box(image):
    rows, columns = (np.flatnonzero((image > 100).any(axis=axis)) for axis in (1, 0))
    return np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1]) / SIDE


def test_lungs_come_to_lie_where_those_of_another_image_are(framed):
    pixels, boxes = framed
    made = reframed(framed).batch(np.arange(COUNT))[..., 0]
    for row, image in enumerate(made):
        if not row % 10:
            np.testing.assert_array_equal(image, pixels[row])
            continue
        gaps = np.abs(boxes - bright_box(image)).max(axis=1)
        gaps[row] = np.nan  # its own place is never drawn
        assert np.nanmin(gaps) <= 1.01 / SIDE


def test_draws_depend_on_the_epoch_and_the_row_alone(framed):
    inputs = reframed(framed)
    first = inputs.batch(np.arange(COUNT))
    inputs.set_epoch(4)
    fifth = inputs.batch(np.arange(COUNT))
    assert (first != fifth).any()
    resumed = reframed(framed)
    resumed.set_epoch(4)
    order = np.random.default_rng(1).permutation(COUNT)
    parts = np.concatenate([resumed.batch(order[start : start + 7]) for start in range(0, COUNT, 7)])
    np.testing.assert_array_equal(parts, fifth[order])


def test_the_share_of_the_images_that_move_is_that_of_the_recipe(framed):
    inputs = reframed(framed, RECIPE.changed(["augment.reframe=0.3"]))
    moved = 0
    for epoch in range(40):
        inputs.set_epoch(epoch)
        moved += (inputs.batch(np.arange(COUNT))[..., 0] != framed[0]).any(axis=(1, 2)).sum()
    assert moved / (40 * COUNT * 0.9) == pytest.approx(0.3, abs=0.05)


def test_without_reframing_no_lungs_are_looked_for(framed, monkeypatch):
    monkeypatch.setattr(module, "find_boxes", None)
    assert type(training_images(framed[0], RECIPE.changed(["augment.reframe=0.0"]), silent)) is Images


def test_a_data_set_without_lungs_is_refused(framed):
    with pytest.raises(DataError, match=r"lungs were found in 0 of 5 training images; give augment\.reframe=0"):
        training_images(np.zeros((5, SIDE, SIDE), np.uint8), RECIPE, silent)


@pytest.mark.parametrize("setting", ["input.frame=lungs", "input.outside=blank", "input.inside=blank"])
def test_inputs_that_show_a_part_of_the_image_cannot_be_reframed(setting):
    with pytest.raises(RecipeError, match=r"augment\.reframe=1 places the lungs anew within whole images"):
        RECIPE.changed([setting])


def test_a_classical_recipe_is_not_augmented():
    with pytest.raises(RecipeError, match=r"\[augment\] does not apply"):
        load_recipe("hog-logistic", ["augment.reframe=0.5"])


class Stopper:
    """Stops the training as Ctrl-C would, in its second epoch."""

    def start(self, recipe, done, batches):
        self.batches = 0

    def batch(self, done):
        self.batches += 1
        if self.batches == 12:
            raise KeyboardInterrupt

    def epoch(self, row, best):
        pass


@pytest.mark.slow
def test_a_resumed_training_ends_with_the_weights_of_an_unbroken_one(framed, tmp_path):
    def trained(folder, *observers):
        repeatable(RECIPE.seed)
        learner = Learner(build_recipe(RECIPE, 2), RECIPE, "float32")
        targets = np.arange(COUNT) % 2
        batches = Batches(reframed(framed), targets, RECIPE, 2)
        validation = Validation(Images(framed[0][:10], RECIPE.input), targets[:10])
        return fit(learner, batches, validation, Checkpoint(folder), observers)

    whole = trained(tmp_path / "whole")
    assert trained(tmp_path / "broken", Stopper()).ended == "interrupted"
    resumed = trained(tmp_path / "broken")
    assert resumed.progress.epoch == 3
    for ours, theirs in zip(resumed.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_passes_of_a_frozen_part_are_reframed_each_anew(framed, tmp_path, monkeypatch):
    import keras

    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path))
    size = keras.Input((SIDE, SIDE, 1))
    network = keras.Model(size, keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(size)))
    recipe = RECIPE.changed(["train.passes=2"])
    inputs = reframed(framed, recipe)
    kept = Frozen(network, recipe).augmented(inputs, [str(row) for row in range(COUNT)], silent)
    for epoch in (0, 1, 2):
        kept.set_epoch(epoch)
        inputs.set_epoch(epoch % 2)
        expected = inputs.batch(np.arange(COUNT)).mean(axis=(1, 2)) / 255
        np.testing.assert_allclose(kept.batch(np.arange(COUNT)), expected, atol=1e-3)
