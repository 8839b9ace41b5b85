"""From decoded images and a starting network to trained weights: what is cut off, what is kept, what the loop is given.

Called by `train`; the loop itself is `loop.fit`.
"""

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
from chestnut.training.frozen import Frozen
from chestnut.training.inputs import Images, Inputs
from chestnut.training.layer_rates import paced, paces
from chestnut.training.learner import Learner
from chestnut.training.loop import Observer, Outcome, Plan, Validation, fit
from chestnut.training.starting_network import Start, goes_on


@dataclass(frozen=True)
class Sets:
    """The training and the validation images of a run, as its trained part is fed them.

    Attributes:
        training: Inputs and class indices (n,).
        validation: The same.
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
    """Train a starting network, and return how that ended and a float32 network with the best weights.

    Args:
        run: The run, whose recipe says how.
        decoded: Its images.
        start: The network; its trained part is changed in place.
        devices: What it is trained on; the network was made in their scope, which this is too.
        checkpoint: Where the run stands.
        observers: Told of every batch and epoch.
        bars: Shows the progress of the frozen part.
    """
    recipe, classes = run.recipe, len(decoded.manifest.classes)
    devices.agree(recipe, decoded.manifest, checkpoint)
    frozen = start.parts.frozen
    if frozen is not None and checkpoint.start() is None:
        checkpoint.save_start(start.network)
    sets = _sets(decoded, recipe, start, bars)
    kept = frozen is not None and recipe.train.passes > 0
    learner = Learner(
        start.parts.trained,
        recipe,
        policy(recipe.train.precision),
        frozen=None if kept else frozen,
        features=kept,
    )
    devices.prepare(learner)
    outcome = fit(
        learner,
        Batches(*sets.training, recipe, classes, devices),
        Validation(*sets.validation),
        checkpoint,
        observers,
        run.write_history,
        _plan(recipe, start, learner),
    )
    start.parts.trained.set_weights(outcome.weights)
    network = build_recipe(recipe, classes)
    network.set_weights(start.network.get_weights())
    return outcome, network


def _sets(decoded: Decoded, recipe: Recipe, start: Start, bars: Bars) -> Sets:
    """Images, or what the frozen part makes of them."""
    manifest, targets = decoded.manifest, decoded.manifest.targets
    digests = manifest.frame["sha256"].to_numpy()
    rows = {name: np.flatnonzero(manifest.frame["split"] == name) for name in ("train", "val")}
    images = {name: Images(decoded.pixels.take(chosen), recipe.input) for name, chosen in rows.items()}
    inputs: dict[str, Inputs] = dict(images)
    if start.parts.frozen is not None:
        part = Frozen(start.parts.frozen, recipe)
        inputs["val"] = part.plain(images["val"], digests[rows["val"]].tolist(), bars)
        if recipe.train.passes > 0:
            inputs["train"] = part.augmented(images["train"], digests[rows["train"]].tolist(), bars)
    return Sets((inputs["train"], targets[rows["train"]]), (inputs["val"], targets[rows["val"]]))


def _plan(recipe: Recipe, start: Start, learner: Learner) -> Plan:
    """What the recipe asks of the loop beside epochs: paces of its own for each variable, and a start that counts."""
    model = recipe.model
    if not isinstance(model, BackboneConfig):
        return Plan()

    def pace(epoch: int) -> list[float]:
        return paces(model, start.trained, learner.trainable_variables, epoch)

    return Plan(pace if paced(model) else None, from_start=goes_on(recipe))
