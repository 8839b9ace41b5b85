"""Learning curves with a known fault, made by training tiny networks on phantoms; each is trained once a session."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from chestnut.config import Recipe
from chestnut.data.phantom.radiograph import draw_patients
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.learning_curves import Curves
from chestnut.errors import TrainingError

TINY = Recipe(name="tiny").changed(
    [
        *("input.height=32", "input.width=32", "model.filters=[8, 16]", "model.dense=[32]"),
        *("train.precision=float32", "train.batch_size=16"),
    ]
)


@dataclass(frozen=True)
class Fault:
    """Settings with a fault in them, the patients of training and validation, and what is done to the phantoms.

    `sign` brightens a corner of the ill ones, so that they are easy to tell; `grain` adds noise by
    which single images can be learnt by heart.
    """

    settings: tuple[str, ...]
    train: tuple[int, int] = (0, 40)
    val: tuple[int, int] = (40, 80)
    sign: int = 0
    grain: int = 0


FAULTS = {
    "rate-too-high": Fault(("optim.learning_rate=0.1", "train.epochs=4")),
    "rate-too-low": Fault(("optim.learning_rate=1e-6", "train.epochs=4")),
    "diverged": Fault(("optim.name=sgd", "optim.learning_rate=1e30", "train.epochs=2")),
    "underfitting": Fault(("model.l2=1.0", "optim.learning_rate=3e-3", "train.epochs=8")),
    "overfitting": Fault(
        ("model.network=mlp", "model.dense=[128]", "model.batch_norm=true", "train.epochs=20"),
        val=(40, 100),
        grain=50,
    ),
    "too-few-epochs": Fault(("train.epochs=5",), (0, 60), (60, 100), sign=20),
    "patience-too-short": Fault(
        ("train.epochs=12", "train.stop.patience=1", "optim.learning_rate=2e-3"), (0, 100), (100, 108)
    ),
    "jumping-validation": Fault(("train.epochs=12", "optim.learning_rate=2e-3"), (0, 100), (100, 108)),
    "sound": Fault(
        ("train.epochs=30", "train.stop.patience=4", "optim.learning_rate=5e-4"), (0, 60), (60, 100), sign=120
    ),
}


@cache
def phantoms(patients):
    drawn = draw_patients(patients, size=32)
    numbers = np.array([int(name.rpartition("-")[2]) for name in drawn.patients])
    return drawn.images, drawn.targets, numbers


@cache
def trained(name):
    """The case of a fault, from a training that really has it."""
    from chestnut.models.device import repeatable
    from chestnut.training.batches import Batches
    from chestnut.training.checkpoint import Checkpoint
    from chestnut.training.class_balance import seen_shares
    from chestnut.training.inputs import Images
    from chestnut.training.learner import Learner
    from chestnut.training.loop import Validation, fit
    from chestnut.training.starting_network import make_start

    fault = FAULTS[name]
    recipe = TINY.changed(fault.settings)
    images, targets, numbers = phantoms(fault.val[1])
    images = images.copy()
    images[targets == 1, :8, :8] = np.minimum(images[targets == 1, :8, :8], 255 - fault.sign) + fault.sign
    rows = {
        part: np.flatnonzero((numbers >= first) & (numbers < last))
        for part, (first, last) in (("train", fault.train), ("val", fault.val))
    }
    inputs = {part: Images(images[chosen], recipe.input) for part, chosen in rows.items()}
    grain = np.random.default_rng(0).normal(0, fault.grain, images.shape)
    images = np.clip(images + grain, 0, 255).astype(np.uint8)
    counts = {part: tuple(np.bincount(targets[chosen], minlength=2).tolist()) for part, chosen in rows.items()}
    history, ended, error = [], "", ""
    repeatable(recipe.seed)
    start = make_start(recipe, 2, seen_shares(targets[rows["train"]], 2, "none"))
    with tempfile.TemporaryDirectory() as folder:
        try:
            ended = fit(
                Learner(start.network, recipe, "float32"),
                Batches(inputs["train"], targets[rows["train"]], recipe, 2),
                Validation(inputs["val"], targets[rows["val"]]),
                Checkpoint(Path(folder)),
                save_rows=lambda found: history.__setitem__(slice(None), found),
            ).ended
        except TrainingError as broken:
            error = str(broken)
    patients = tuple(len(set(numbers[rows["val"]][targets[rows["val"]] == label].tolist())) for label in (0, 1))
    columns = {column: [row[column] for row in history] for column in (history[0] if history else ())}
    return Case(Curves.of(columns), recipe, counts["train"], counts["val"], patients, ended, error)
