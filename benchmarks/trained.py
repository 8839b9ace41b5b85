"""Train the three networks that the tables of calibration, prediction sets and the guard are measured on.

    python -m benchmarks.trained DATA --weights MOBILENET_V2.weights.h5 --runs FOLDER

DATA are the Kermany training images, split by patient with seed 1. All three networks see the whole image, `robust`
too, whose recipe would crop it to the lungs. A run that is in FOLDER already is not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.kermany import SEED, chestnut

#: The recipes that are trained, each of which gives a run its name, and what is changed in them.
NETWORKS: dict[str, tuple[str, ...]] = {"cnn-small": (), "mobilenet-v2": (), "robust": ("input.frame=whole",)}


def trained_runs(data: Path, weights: Path | None, folder: Path) -> dict[str, Path]:
    """Return the folder of each of `NETWORKS`, trained unless it is in a folder already.

    Args:
        data: The Kermany training images.
        weights: A weights file of MobileNetV2; None to download it.
        folder: The folder of the runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for recipe, changes in NETWORKS.items():
        if not (folder / recipe).exists():
            settings = [f"--set={change}" for change in (f"seed={SEED}", *changes)]
            if weights is not None and recipe.startswith("mobilenet"):
                settings.append(f"--set=model.weights={weights.resolve()}")
            place = ("--runs", str(folder.resolve()), "--name", recipe)
            chestnut(folder, "train", str(data.resolve()), "--recipe", recipe, *place, "--no-audit", *settings)
    return {recipe: folder / recipe for recipe in NETWORKS}


def main() -> None:
    """Train what is missing, and print the folders."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, help="a weights file of MobileNetV2; else it is downloaded")
    parser.add_argument("--runs", type=Path, required=True)
    given = parser.parse_args()
    for recipe, run in trained_runs(given.data, given.weights, given.runs).items():
        print(f"{recipe}: {run}")


if __name__ == "__main__":
    main()
