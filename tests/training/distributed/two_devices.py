"""What test_devices runs in a process of its own, its processor divided in two: a network on one part, and on both.

The argument is an empty folder. Prints the histories and the weights' greatest difference as JSON.
"""

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":  # before anything asks for devices
    os.environ["CHESTNUT_CPU_DEVICES"] = "2"

import numpy as np

from chestnut.config import Recipe
from chestnut.models.build import build_recipe
from chestnut.models.device import repeatable
from chestnut.training.batches import Batches
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.distributed.devices import claim
from chestnut.training.inputs import Images
from chestnut.training.learner import Learner
from chestnut.training.loop import Validation, fit

# Class weights, penalties and clipping all meet the division; 27 images leave a last batch that 2 does not divide.
RECIPE = Recipe(name="tiny").changed(
    [
        *("input.height=16", "input.width=16", "model.filters=[4]", "model.dense=[8]", "model.l2=0.01"),
        *("train.batch_size=8", "train.epochs=2", "train.precision=float32", "train.average=0.5"),
        *("data.balance=weights", "optim.clip_norm=0.2"),
    ]
)


def images(count, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 16, 16), dtype=np.uint8)
    return Images(pixels, RECIPE.input), np.arange(count) % 3 % 2


def trained(count, folder):
    devices = claim(count)
    repeatable(0)
    with devices.scope():
        learner = Learner(build_recipe(RECIPE, 2), RECIPE, "float32")
        devices.prepare(learner)
        batches = Batches(*images(27, 0), RECIPE, 2, devices)
        return fit(learner, batches, Validation(*images(9, 1)), Checkpoint(folder))


if __name__ == "__main__":
    one, two = (trained(count, Path(sys.argv[1]) / str(count)) for count in (1, 2))
    apart = max(float(np.abs(ours - theirs).max()) for ours, theirs in zip(one.weights, two.weights, strict=True))
    rows = [[[row["loss"], row["accuracy"], row["val_loss"]] for row in end.progress.rows] for end in (one, two)]
    sys.stdout.write(json.dumps({"one": rows[0], "two": rows[1], "apart": apart}))
