"""Tests of the training loop on small arrays: stopping, best weights, resuming, non-finite losses."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from chestnut.config import Recipe
from chestnut.errors import TrainingError
from chestnut.models.build import build_recipe
from chestnut.models.device import repeatable
from chestnut.training.batches import Batches
from chestnut.training.checkpoint import Checkpoint, Progress
from chestnut.training.inputs import Images
from chestnut.training.learner import Learner
from chestnut.training.loop import Validation, advance, fit

RECIPE = Recipe(name="tiny").changed(
    [
        "input.height=16",
        "input.width=16",
        "model.filters=[4]",
        "model.dense=[8]",
        "model.dropout=0.2",
        "augment.shift=0.1",
        "augment.brightness=0.1",
        "train.batch_size=8",
        "train.precision=float32",
        "train.epochs=4",
        "optim.schedule.name=cosine",
        "optim.schedule.warmup=1.5",
    ]
)


@dataclass
class Watcher:
    """Keeps what it is told, and stops the run as Ctrl-C would after some batches."""

    stop_at: int | None = None
    epochs: list = field(default_factory=list)
    batches: int = 0

    def start(self, recipe, done, batches):
        self.done = done

    def batch(self, done):
        self.batches += 1
        if self.batches == self.stop_at:
            raise KeyboardInterrupt

    def epoch(self, row, best):
        self.epochs.append((row["epoch"], best))


def images(count=40, seed=0):
    """Images whose positive class is brighter in one corner."""
    random = np.random.default_rng(seed)
    targets = np.arange(count) % 2
    pixels = random.integers(0, 120, (count, 16, 16), dtype=np.uint8)
    pixels[targets == 1, :8, :8] += 80
    return pixels, targets.astype(np.int64)


def trained(folder, recipe=RECIPE, watcher=None):
    repeatable(recipe.seed)
    learner = Learner(build_recipe(recipe, 2), recipe, "float32")
    pixels, targets = images()
    held, held_targets = images(24, 1)
    batches = Batches(Images(pixels, recipe.input), targets, recipe, 2)
    validation = Validation(Images(held, recipe.input), held_targets)
    return fit(learner, batches, validation, Checkpoint(folder), (watcher,) if watcher else ())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("whole") / "state")


def test_every_epoch_is_a_row_with_training_and_validation_figures(whole):
    assert [row["epoch"] for row in whole.progress.rows] == [1, 2, 3, 4]
    assert {"loss", "accuracy", "val_loss", "val_auroc", "learning_rate"} <= set(whole.progress.rows[0])
    assert whole.ended == "epochs"


@pytest.mark.parametrize("stop_at", [pytest.param(7, marks=pytest.mark.slow), 13])
def test_a_run_stopped_within_an_epoch_resumes_to_the_same_bits(tmp_path, whole, stop_at):
    stopped = trained(tmp_path, watcher=Watcher(stop_at))
    assert stopped.ended == "interrupted"
    watcher = Watcher()
    resumed = trained(tmp_path, watcher=watcher)
    assert watcher.done == len(stopped.progress.rows)
    assert resumed.progress.best_epoch == whole.progress.best_epoch
    for ours, theirs in zip(resumed.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_stop_before_the_first_epoch_has_ended_is_passed_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, watcher=Watcher(2))
    assert not Checkpoint(tmp_path).exists()


def test_a_rate_that_is_far_too_high_stops_with_when_and_why(tmp_path):
    recipe = RECIPE.changed(["optim.name=sgd", "optim.learning_rate=1e30", "optim.schedule.warmup=0.0"])
    said = r"epoch 1, batch \d of 5, at learning rate 1e\+30: .*optim.learning_rate=1e\+29"
    with pytest.raises(TrainingError, match=said):
        trained(tmp_path, recipe)


def values(*pairs):
    """Progress after epochs with the given validation losses, under patience 2."""
    recipe = RECIPE.changed(["train.stop.patience=2", *pairs[1:]])
    progress = Progress()
    for loss in pairs[0]:
        progress = advance(progress, {"val_loss": loss, "val_auroc": 1 - loss}, recipe)
    return progress


def test_the_best_epoch_is_the_first_of_equals():
    assert values([0.5, 0.4, 0.4]).best_epoch == 2


def test_min_delta_moves_patience_but_not_the_best_epoch():
    progress = values([0.50, 0.49, 0.48], "train.stop.min_delta=0.1")
    assert (progress.best_epoch, progress.waited) == (3, 2)


def test_patience_starts_at_from_epoch_but_knows_earlier_bests():
    progress = values([0.1, 0.5, 0.5, 0.5], "train.stop.from_epoch=3")
    assert (progress.best_epoch, progress.waited) == (1, 1)


def test_an_undefined_metric_never_wins():
    progress = values([0.5, float("nan"), 0.6], "train.stop.metric=val_auroc")
    assert (progress.best_epoch, progress.waited) == (1, 2)


def test_patience_ends_training_early(tmp_path):
    recipe = RECIPE.changed(["optim.learning_rate=1e-9", "train.stop.patience=1", "train.stop.min_delta=1.0"])
    outcome = trained(tmp_path, recipe)
    assert (outcome.ended, len(outcome.progress.rows)) == ("early", 2)
