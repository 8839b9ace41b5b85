"""The learning-rate range test: train a new network for some hundred steps at a rising rate, and record the loss.

The network is discarded afterwards. No file is written, and the random generators of the process stay as they were.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from chestnut.config import BackboneConfig, ClassicalConfig, Recipe
from chestnut.data.manifest import Manifest
from chestnut.data.prepare import Prepared, prepare
from chestnut.data.split import require_trainable, split
from chestnut.diagnosis.lr_range import RateRange, rising_rates
from chestnut.errors import DataError, RecipeError, TrainingError
from chestnut.models.device import policy
from chestnut.progress import Bars, Tick, silent
from chestnut.training.batches import Batches
from chestnut.training.class_balance import seen_shares
from chestnut.training.layer_rates import has_paces, paces
from chestnut.training.learner import Learner
from chestnut.training.optimizers import set_paces
from chestnut.training.reframed import training_images
from chestnut.training.starting_network import Start, make_start

#: The momentum of the running loss, and how many times its lowest value it may reach before the test ends.
_MEMORY, _AWAY = 0.9, 2.0
_FEWEST = 20


@dataclass(frozen=True)
class Sweep:
    """The rates of a range test.

    Attributes:
        low: The first rate.
        high: The last rate, unless the loss diverges before.
        batches: The number of steps from the first to the last.

    Raises:
        RecipeError: The rates do not rise, or there are too few batches to smooth the losses.
    """

    low: float = 1e-6
    high: float = 1.0
    batches: int = 200

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high < math.inf:
            raise RecipeError(f"rates from {self.low:g} to {self.high:g}; give a low one above 0 and a higher one")
        if self.batches < _FEWEST:
            raise RecipeError(f"{self.batches} batches are too few to see the loss fall; give {_FEWEST} or more")


def lr_range(
    manifest: Manifest, recipe: Recipe, sweep: Sweep, *, skip_bad: bool = False, bars: Bars = silent
) -> RateRange:
    """Run a range test on the training images of a data set.

    Args:
        manifest: The images, of which only training images are used. Images without a split are split by the recipe's
            fractions.
        recipe: The recipe; its learning rate and schedule do not matter. The precision `auto` becomes float32.
        sweep: The rates.
        skip_bad: Whether to leave out unreadable images instead of raising an error.
        bars: The progress bars.

    Raises:
        DataError: Some images cannot be read, there are fewer than two classes, or a class has no training images.
        RecipeError: The recipe does not fit the data, or has no learning rate.
        TrainingError: The loss is not finite even at the first step.
    """
    if isinstance(recipe.model, ClassicalConfig):
        raise RecipeError(f"{recipe.model.network} is fitted without a learning rate; give another recipe")

    def take_training(images: Manifest) -> Manifest:
        divided = split(images, recipe.data.fractions, recipe.seed)
        require_trainable(divided)
        return divided.only("train")

    prepared = prepare(manifest, [recipe.input], take_training, check=_require_images, skip_bad=skip_bad, bars=bars)
    if recipe.train.precision == "auto":
        recipe = recipe.changed(["train.precision=float32"])
    learner, batches = _build_learner(prepared, recipe, bars)
    with bars("Raising the learning rate") as tick:
        return _sweep(learner, batches, sweep, tick)


def _require_images(images: Manifest) -> None:
    if not len(images):
        raise DataError("none of the training images can be read; check the files")


def _build_learner(prepared: Prepared, recipe: Recipe, bars: Bars) -> tuple[Learner, Batches]:
    """Build a network and its batches of training images; a frozen part is computed batch by batch."""
    classes, targets = len(prepared.manifest.classes), prepared.manifest.targets
    with _seed_weights(recipe.seed):
        start = make_start(recipe, classes, seen_shares(targets, classes, recipe.data.balance))
        learner = Learner(start.parts.trained, recipe, policy(recipe.train.precision), frozen=start.parts.frozen)
        batches = Batches(training_images(prepared.pixels, recipe, bars), targets, recipe, classes)
        learner(np.asarray(batches[0][0][:1]))  # creates the variables
    learner.optimizer.build(learner.trainable_variables)
    _set_all_paces(learner, recipe, start)
    return learner, batches


def _set_all_paces(learner: Learner, recipe: Recipe, start: Start) -> None:
    """Give each layer the pace that it has once all layers are unfrozen."""
    model = recipe.model
    if isinstance(model, BackboneConfig) and has_paces(model):
        every = paces(model, start.trained, learner.trainable_variables, model.gradual)
        set_paces(learner.optimizer, every)


@contextmanager
def _seed_weights(seed: int) -> Iterator[None]:
    """Make initial weights repeatable: Keras draws their seeds from Python's generator. Its state is restored."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _sweep(learner: Learner, batches: Batches, sweep: Sweep, tick: Tick) -> RateRange:
    rates = rising_rates(sweep.low, sweep.high, sweep.batches)
    losses: list[float] = []
    running, least = 0.0, math.inf
    for step, rate in enumerate(rates.tolist()):
        epoch, place = divmod(step, len(batches))
        if place == 0:
            batches.set_epoch(epoch)
        learner.optimizer.learning_rate.assign(rate)
        learner.reset_metrics()
        found = learner.train_on_batch(*batches[place], return_dict=True)
        loss = float(found["cross_entropy"])
        if not math.isfinite(loss + float(found["loss"])):
            break
        losses.append(loss)
        running = _MEMORY * running + (1 - _MEMORY) * loss
        steady = running / (1 - _MEMORY ** (step + 1))
        least = min(least, steady)
        if steady > _AWAY * max(least, losses[0]):
            break
        tick(step + 1, len(rates))
    if not losses:
        raise TrainingError("the loss is not finite even at the first step; check the images with an audit")
    return RateRange(rates[: len(losses)], np.array(losses), len(losses) < len(rates))
