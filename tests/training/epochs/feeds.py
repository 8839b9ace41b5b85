"""What test_feeds runs in a process of its own, on the backend in use: the same training, fed in every way.

The argument is an empty folder. Prints JSON: what came of each way, and how many bits differ after a resume.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

from chestnut.config import Recipe
from chestnut.models.build import build_recipe
from chestnut.models.device import backend, repeatable
from chestnut.training.batches import Batches
from chestnut.training.checkpoint import Checkpoint, Progress
from chestnut.training.epochs.choice import FEED, open_loop
from chestnut.training.epochs.fed import FedEpochs
from chestnut.training.epochs.on_device import DeviceEpochs
from chestnut.training.epochs.steps import Steps
from chestnut.training.inputs import Features, Images
from chestnut.training.learner import Learner
from chestnut.training.loop import Validation, fit

# Random layers, batch statistics, class weights, a rising rate and a smaller last batch all meet the way of feeding.
RECIPE = Recipe(name="tiny").changed(
    [
        *("input.height=16", "input.width=16", "input.channels=3", "model.filters=[4]", "model.dense=[8]"),
        *("model.dropout=0.2", "model.batch_norm=true", "augment.brightness=0.1", "data.balance=weights"),
        *("train.batch_size=8", "train.epochs=3", "train.precision=float32", "train.average=0.5"),
        *("optim.schedule.name=cosine", "optim.schedule.warmup=1.5", "optim.clip_norm=1.0"),
        # Adam would blow up rounding errors where a gradient is nothing else
        *("optim.name=sgd", "optim.learning_rate=0.02"),
        # Keras draws PyTorch's dropout from the generator of the process, from which its feeding draws too
        *(["model.dropout=0.0"] if backend() == "torch" else []),
    ]
)
#: The bytes of a piece: two batches of 8 grey images of 16×16.
PIECE = 4096


class Counter:
    """Keeps the numbers of the batches that it is told of, and stops in an epoch as Ctrl-C would."""

    def __init__(self, stop_in=None):
        self.batches = []
        self.stop_in = stop_in
        self.epochs = 0

    def start(self, recipe, done, batches):
        self.epochs = done

    def batch(self, done):
        self.batches.append(done)
        if self.epochs + 1 == self.stop_in:
            raise KeyboardInterrupt

    def epoch(self, row, best):
        self.epochs = row["epoch"]


def images(count, seed):
    """Images whose positive class, a third of them, is brighter in one corner."""
    random = np.random.default_rng(seed)
    targets = (np.arange(count) % 3 == 0).astype(np.int64)
    pixels = random.integers(0, 120, (count, 16, 16), dtype=np.uint8)
    pixels[targets == 1, :8, :8] += 80
    return Images(pixels, RECIPE.input), targets


def open_learner():
    repeatable(RECIPE.seed)
    return Learner(build_recipe(RECIPE, 2), RECIPE, "float32")


def run_epochs(way):
    """Train two epochs and return all weights and the metrics."""
    learner, counter = open_learner(), Counter()
    batches = Batches(*images(45, 0), RECIPE, 2)
    learner.build_variables(batches[0])
    if way == "host":
        epochs = FedEpochs(learner, batches)
    else:
        epochs = DeviceEpochs(open_loop(learner, batches), batches, way == "device", PIECE)
    progress, metrics = Progress(), []
    for epoch in range(2):
        batches.set_epoch(epoch)
        metrics.append(epochs.run(Steps(batches, progress, (counter,))))
        progress = progress.with_row({})
    weights = np.concatenate([np.asarray(weight).ravel() for weight in learner.get_weights()])
    return weights.tolist(), metrics, counter.batches


def run_fit(folder, observer=None):
    learner = open_learner()
    batches = Batches(*images(45, 0), RECIPE, 2)
    return fit(learner, batches, Validation(*images(24, 1)), Checkpoint(folder), (observer,) if observer else ())


def count_different_bits(folder):
    """Return how many weights differ between a whole run and one that was stopped in its second epoch and resumed."""
    os.environ[FEED] = "device"
    whole = run_fit(folder / "whole")
    stopped = run_fit(folder / "stopped", Counter(2))
    resumed = run_fit(folder / "stopped")
    assert stopped.ended == "interrupted"
    return sum(int((one != other).sum()) for one, other in zip(whole.weights, resumed.weights, strict=True))


def look_up_features():
    """Return whether features of two passes are found on the device as on the host."""
    passes = [np.arange(12, dtype=np.float16).reshape(6, 2) + add for add in (0, 100)]
    features = Features(passes, [np.arange(6)[::-1], np.arange(6)])
    same = []
    for epoch in (0, 1, 2):
        features.set_epoch(epoch)
        stored, rows = features.stored(), np.array([4, 0])
        found = features.expand(stored.values[stored.places[rows]])
        same.append(bool((np.asarray(found) == features.batch(rows)).all()))
    return same


def main(folder):
    return {
        "ways": {way: run_epochs(way) for way in ("host", "device", "pieces")},
        "different": count_different_bits(folder),
        "features": look_up_features(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
