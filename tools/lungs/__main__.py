"""Train the network that finds the lungs, write it into the package, and measure it.

    python -m tools.lungs ../shared/data [--steps 3200] [--seed 0]

DATA contains the folders `chest-xray-224`, `covid-512` and `lungs`; the model card, `lungfield/model/CARD.md`, says
where they come from. The network is the same in every run with the same data, steps, seed, libraries and kind of
processor: one thread computes, and another one makes the batches. It takes a quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

# Before Keras is imported. The number of threads changes the last bits of sums, and so the network.
os.environ.update(KERAS_BACKEND="tensorflow", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

#: The patients among the phantoms for training.
PHANTOMS = 400


def main() -> None:
    """Train, write and measure the network."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.lungs", description="Train the network that finds the lungs."
    )
    parser.add_argument("data", type=Path, help="the folder with chest-xray-224, covid-512 and lungs")
    parser.add_argument("--steps", type=int, default=3200, help="the number of batches")
    parser.add_argument("--seed", type=int, default=0, help="the seed of all random draws")
    given = parser.parse_args()
    train(given.data, given.steps, given.seed)
    # In a new process, since this one may have read what identifies the network before
    subprocess.run([sys.executable, "-m", "tools.lungs.measure", str(given.data)], check=True)


def train(data: Path, steps: int, seed: int) -> None:
    """Train a network on the patients that are not held out, and write it into the package."""
    import cv2

    from tools.lungs import training
    from tools.lungs.batches import COUNTS, Batches
    from tools.lungs.examples import SPLIT_SEED, TRAIN_SEED, draw_phantoms, read_children, split_patients
    from tools.lungs.files import write_network
    from tools.lungs.graph import to_onnx

    cv2.setNumThreads(1)
    children, _ = split_patients(read_children(data), SPLIT_SEED)
    phantoms = draw_phantoms(PHANTOMS, TRAIN_SEED)
    batches = Batches(children, phantoms, steps, seed)
    network = training.train(batches, seed)
    facts = {
        "children": {"images": len(children), "patients": len(set(children.patients))},
        "phantoms": {"images": len(phantoms), "patients": PHANTOMS},
        "steps": steps,
        "batch": COUNTS,
        "seed": seed,
        "weights": network.count_params(),
    }
    write_network(to_onnx(network).SerializeToString(), facts)


if __name__ == "__main__":
    main()
