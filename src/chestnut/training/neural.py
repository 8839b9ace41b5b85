"""Train a starting network on decoded images: prepare the inputs and options of the training loop, and run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.config import BackboneConfig, Recipe
from chestnut.data.cache.cache import Decoded
from chestnut.models.build import build_recipe
from chestnut.models.device import policy
from chestnut.progress import Bars
from chestnut.runs.folder import RunFolder
from chestnut.training.batches import Batches
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.distributed.devices import Devices
from chestnut.training.epochs.steps import Observer
from chestnut.training.frozen import Frozen
from chestnut.training.inputs import Images, Inputs
from chestnut.training.layer_rates import has_paces, paces
from chestnut.training.learner import Learner
from chestnut.training.loop import Outcome, Plan, Validation, fit
from chestnut.training.reframed import training_images
from chestnut.training.starting_network import Start


@dataclass(frozen=True)
class Sets:
    """The training and validation images of a run, as inputs of its trained part.

    Attributes:
        training: The inputs and class indices, shape (n,), of the training images.
        validation: The same of the validation images.
    """

    training: tuple[Inputs, npt.NDArray[np.int64]]
    validation: tuple[Inputs, npt.NDArray[np.int64]]


def train_start(
    run: RunFolder,
    decoded: Decoded,
    start: Start,
    devices: Devices,
    checkpoint: Checkpoint,
    observers: tuple[Observer, ...],
    bars: Bars,
) -> tuple[Outcome, Any]:
    """Train a starting network.

    Args:
        run: The run, with its recipe.
        decoded: The images of the run.
        start: The network; its trained part is changed in place.
        devices: The devices. The network was built in their scope, and this function must be called in it too.
        checkpoint: The checkpoint of the run.
        observers: The observers to notify of every batch and epoch.
        bars: The progress bars for the outputs of the frozen part.

    Returns:
        The outcome of the training, and a float32 network with the best weights.
    """
    recipe, classes = run.recipe, len(decoded.manifest.classes)
    devices.agree(recipe, decoded.manifest, checkpoint)
    frozen = start.parts.frozen
    sets = _make_sets(decoded, recipe, start, bars)
    cached = frozen is not None and recipe.train.passes > 0
    learner = Learner(
        start.parts.trained,
        recipe,
        policy(recipe.train.precision),
        frozen=None if cached else frozen,
        features=cached,
    )
    devices.prepare(learner)
    outcome = fit(
        learner,
        Batches(*sets.training, recipe, classes, devices),
        Validation(*sets.validation),
        checkpoint,
        observers,
        run.write_history,
        _make_plan(recipe, start, learner),
    )
    start.parts.trained.set_weights(outcome.weights)
    network = build_recipe(recipe, classes)
    network.set_weights(start.network.get_weights())
    return outcome, network


def _make_sets(decoded: Decoded, recipe: Recipe, start: Start, bars: Bars) -> Sets:
    """Return the images, or the outputs of the frozen part for them."""
    manifest, targets = decoded.manifest, decoded.manifest.targets
    digests = manifest.frame["sha256"].to_numpy()
    rows = {name: np.flatnonzero(manifest.frame["split"] == name) for name in ("train", "val")}
    training: Inputs = training_images(decoded.pixels.take(rows["train"]), recipe, bars)
    validation: Inputs = Images(decoded.pixels.take(rows["val"]), recipe.input)
    if start.parts.frozen is not None:
        part = Frozen(start.parts.frozen, recipe)
        validation = part.plain(validation, digests[rows["val"]].tolist(), bars)
        if recipe.train.passes > 0:
            training = part.augmented(training, digests[rows["train"]].tolist(), bars)
    return Sets((training, targets[rows["train"]]), (validation, targets[rows["val"]]))


def _make_plan(recipe: Recipe, start: Start, learner: Learner) -> Plan:
    """Return the options of the loop: the pace of each variable, and whether the start may be kept."""
    model = recipe.model
    if not isinstance(model, BackboneConfig):
        return Plan()

    def pace(epoch: int) -> list[float]:
        return paces(model, start.trained, learner.trainable_variables, epoch)

    return Plan(pace if has_paces(model) else None, from_start=start.from_run)
