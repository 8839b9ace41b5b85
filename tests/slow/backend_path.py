"""What test_devices runs in a process of its own: a run on one device, then on several, stopped, resumed and used.

Arguments: the images' folder, an empty folder, and the number of devices. Prints JSON.
"""

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__" and sys.argv[3] != "1":  # before anything asks for devices
    os.environ["CHESTNUT_CPU_DEVICES"] = sys.argv[3]

import numpy as np

import chestnut as cn
from chestnut.config import load_recipe
from chestnut.errors import DeviceError
from chestnut.inference.engines.keras_engine import load_network
from chestnut.training.distributed.devices import claim
from chestnut.training.train import Setup, resume, train

# The loss has class weights and penalties, gradients are clipped, and no last batch is divisible by 2.
SETTINGS = (
    *("input.height=32", "input.width=32", "model.filters=[4]", "model.dense=[8]", "model.l2=0.01"),
    *("train.epochs=2", "train.batch_size=8", "train.precision=float32", "train.average=0.5"),
    *("data.fractions=[0.6,0.2,0.2]", "data.balance=weights", "optim.clip_norm=0.2", "model.dropout=0.0"),
)


class StopsInEpochTwo:
    """Ends the run as Ctrl-C would."""

    def start(self, recipe, done, batches):
        self.done = done

    def batch(self, done):
        if self.done == 1:
            raise KeyboardInterrupt

    def epoch(self, row, best):
        self.done = row["epoch"]


def weights(run):
    return np.concatenate([array.ravel() for array in load_network(run.bundle / "model.keras").get_weights()])


def main(images, folder, devices):
    data, recipe = cn.load_dataset(images), load_recipe("cnn-small", SETTINGS)
    whole = train(data, recipe, Setup(folder / "whole", audited=False))
    shared = Setup(folder / "shared", audited=False, devices=devices)
    train(data, recipe, Setup(shared.folder, audited=False, observers=(StopsInEpochTwo(),), devices=devices))
    stopped = json.loads((shared.folder / "environment.json").read_text())
    run = resume(shared)
    try:
        claim(devices + 1)
    except DeviceError as error:
        refused = str(error)
    columns = ["loss", "accuracy", "val_loss", "val_auroc"]
    evaluated = cn.open_run(run.path).evaluate("test")
    predicted = cn.open_run(run.path).predict(str(data.paths[0]))
    (exported,) = cn.export_run(run.path, "savedmodel", quiet=True)
    return {
        "exported": exported.difference,
        "stopped": [stopped["status"], stopped["epochs"]],
        "devices": run.record.devices,
        "histories": [one.history[columns].to_numpy().tolist() for one in (whole, run)],
        "images": (whole.path / "manifest.csv").read_text().count(",train,"),
        "apart": float(np.abs(weights(whole) - weights(run)).max()),
        "moved": float(np.abs(weights(run)).max()),
        "auroc": evaluated.metrics["auroc"].value,
        "sum": float(predicted.probabilities.sum()),
        "refused": refused,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
