"""Train for an epoch: chestnut against the same network in a plain Keras notebook pipeline and in plain PyTorch.

    python -m benchmarks.train [--rounds 3] [--recipes cnn-small,cnn-gap,cnn-l2]

Each framework runs in a separate process, and they take turns with the same generated JPEGs. An epoch trains on 640
images (256 for the two larger networks) and evaluates a quarter as many; the first epoch does not count. Keras does
what notebooks do (`image_dataset_from_directory`, cache, shuffle, prefetch, `fit`, all defaults). PyTorch keeps its
images in memory, channels-last, and runs in float32 and in bfloat16, of which the faster counts; it is left out if it
is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

RECIPES = ("cnn-small", "cnn-gap", "cnn-l2")
BATCH, EPOCHS = 32, 3

#: The training images of an epoch; there are a quarter as many validation images.
IMAGES = {"cnn-small": 640, "cnn-gap": 256, "cnn-l2": 256}


def draw(folder: Path, images: int, side: int = 320) -> None:
    """Write class folders of radiograph-like JPEGs below `train` and `val`."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    for split, count in (("train", images), ("val", images // 4)):
        for number in range(count):
            label = ("NORMAL", "PNEUMONIA")[number % 2]
            smooth = 120 + 80 * np.cos(3 * (x - random.uniform(-0.2, 0.2))) * np.cos(2 * y)
            pixels = smooth + 20 * (number % 2) * np.exp(-8 * (x**2 + y**2)) + random.normal(0, 8, (side, side))
            target = folder / split / label / f"patient{number:04d}_1.jpeg"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(target, quality=90)


class Clock:
    """An observer that records when training began and when each epoch ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def start(self, recipe: Any, done: int, batches: int) -> None:
        self.ends.append(time.perf_counter())

    def batch(self, done: int) -> None:
        pass

    def epoch(self, row: Any, best: bool) -> None:
        self.ends.append(time.perf_counter())


def chestnut_epochs(folder: Path, recipe: str) -> list[float]:
    """Return the seconds of each epoch of `chestnut train`, including checkpoints."""
    import chestnut as cn
    from chestnut.training.train import Setup, train

    clock = Clock()
    settings = (f"train.epochs={EPOCHS}", "train.stop.patience=0")
    with tempfile.TemporaryDirectory() as run:
        setup = Setup(Path(run) / "run", audited=False, observers=(clock,))
        train(cn.load_dataset(folder), cn.load_recipe(recipe, settings), setup)
    return [end - start for start, end in pairwise(clock.ends)]


def keras_epochs(folder: Path, recipe: str) -> list[float]:
    """Return the seconds of each epoch of the notebook pipeline."""
    import keras
    import tensorflow as tf
    from keras import layers

    size, sigmoid = (256, 256) if recipe == "cnn-gap" else (180, 180), recipe != "cnn-small"

    def load(split: str) -> Any:
        return keras.utils.image_dataset_from_directory(
            folder / split, color_mode="grayscale", image_size=size, batch_size=BATCH, verbose=False
        )

    training = load("train").cache().shuffle(1000).prefetch(tf.data.AUTOTUNE)
    held = load("val").cache().prefetch(tf.data.AUTOTUNE)
    l2 = keras.regularizers.l2(0.01)
    body = {
        "cnn-small": lambda: [
            *(layer for f in (16, 32, 64) for layer in (layers.Conv2D(f, 3, activation="relu"), layers.MaxPooling2D())),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(2),
        ],
        "cnn-gap": lambda: [
            *(
                layer
                for f in (32, 64, 128)
                for layer in (layers.Conv2D(f, 3, padding="same", activation="relu"), layers.MaxPooling2D())
            ),
            layers.GlobalAveragePooling2D(),
            layers.Dense(128, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        "cnn-l2": lambda: [
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(padding="same"),
            layers.Dropout(0.2),
            layers.Conv2D(64, 3, activation="relu", kernel_regularizer=l2),
            layers.MaxPooling2D(padding="same"),
            layers.Dropout(0.2),
            layers.Conv2D(128, 3, activation="relu", kernel_regularizer=l2),
            layers.MaxPooling2D(padding="same"),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
    }[recipe]()
    model = keras.Sequential([keras.Input((*size, 1)), layers.Rescaling(1 / 255), *body])
    loss = "binary_crossentropy" if sigmoid else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    ends = [time.perf_counter()]
    mark = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    model.fit(training, validation_data=held, epochs=EPOCHS, callbacks=[mark], verbose=0)
    return [end - start for start, end in pairwise(ends)]


def torch_epochs(folder: Path, recipe: str, bfloat16: bool) -> list[float]:
    """Return the seconds of each epoch of a plain PyTorch loop over images in memory."""
    import numpy as np
    import torch
    from PIL import Image
    from torch import nn

    side = 256 if recipe == "cnn-gap" else 180

    def load(split: str) -> tuple[torch.Tensor, torch.Tensor]:
        files = sorted((folder / split).glob("*/*.jpeg"))
        pixels = np.stack([np.asarray(Image.open(file).resize((side, side))) for file in files])
        targets = torch.tensor([file.parent.name == "PNEUMONIA" for file in files])
        return torch.from_numpy(pixels)[:, None], targets

    def block(before: int, filters: int, padding: int = 0, ceil: bool = False, drop: float = 0.0) -> list[nn.Module]:
        convolution = nn.Conv2d(before, filters, 3, padding=padding)
        return [convolution, nn.ReLU(), nn.MaxPool2d(2, ceil_mode=ceil), *([nn.Dropout(drop)] if drop else [])]

    body: list[nn.Module] = {
        "cnn-small": lambda: [
            *(*block(1, 16), *block(16, 32), *block(32, 64)),
            *(nn.Flatten(), nn.LazyLinear(128), nn.ReLU(), nn.Linear(128, 2)),
        ],
        "cnn-gap": lambda: [
            *(*block(1, 32, 1), *block(32, 64, 1), *block(64, 128, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            *(nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1)),
        ],
        "cnn-l2": lambda: [
            *block(1, 32, 1, True, 0.2),
            *block(32, 64, 0, True, 0.2),
            *block(64, 128, 0, True, 0.2),
            *(nn.Flatten(), nn.LazyLinear(256), nn.ReLU(), nn.Linear(256, 1)),
        ],
    }[recipe]()
    model = nn.Sequential(*body)
    model(torch.zeros(2, 1, side, side))  # gives the lazy layer its shape
    model = model.to(memory_format=torch.channels_last)
    images, targets = load("train")
    held, held_targets = load("val")
    penalised = [m.weight for m in model if isinstance(m, nn.Conv2d)][1:] if recipe == "cnn-l2" else []
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)

    def loss_of(pixels: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        batch = (pixels.float() / 255).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            logits = model(batch)
        if logits.shape[1] == 1:
            return nn.functional.binary_cross_entropy_with_logits(logits[:, 0].float(), truth.float())
        return nn.functional.cross_entropy(logits.float(), truth.long())

    seconds = []
    for _ in range(EPOCHS):
        started = time.perf_counter()
        model.train()
        for rows in torch.randperm(len(images)).split(BATCH):
            adam.zero_grad()
            loss = loss_of(images[rows], targets[rows]) + sum(0.01 * weight.square().sum() for weight in penalised)
            loss.backward()
            adam.step()
        model.eval()
        with torch.no_grad():
            for rows in torch.arange(len(held)).split(BATCH):
                loss_of(held[rows], held_targets[rows])
        seconds.append(time.perf_counter() - started)
    return seconds


PARTIES = {
    "chestnut": chestnut_epochs,
    "keras": keras_epochs,
    "torch float32": lambda folder, recipe: torch_epochs(folder, recipe, False),
    "torch bfloat16": lambda folder, recipe: torch_epochs(folder, recipe, True),
}


def measure(folder: Path, recipe: str, party: str) -> float:
    """Return the median seconds of an epoch from the second on, measured in a separate process."""
    command = [sys.executable, "-m", "benchmarks.train", "--party", party, "--recipes", recipe, "--data", str(folder)]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=quiet)
    return median(json.loads(answer.stdout.splitlines()[-1])[1:])


def run(rounds: int = 3, recipes: tuple[str, ...] = RECIPES) -> dict[str, Any]:
    """Return the seconds per epoch of each framework, and the ratios of the medians of all rounds."""
    parties = [name for name in PARTIES if "torch" not in name or importlib.util.find_spec("torch")]
    result: dict[str, Any] = {}
    for recipe in recipes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            draw(folder, IMAGES[recipe])
            seconds: dict[str, list[float]] = {party: [] for party in parties}
            for _ in range(rounds):
                for party in parties:
                    seconds[party].append(measure(folder, recipe, party))
            middle = {party: median(values) for party, values in seconds.items()}
            torch = [middle[party] for party in parties if "torch" in party]
            result[recipe] = {
                "seconds": middle,
                "times_as_fast_as_keras": middle["keras"] / middle["chestnut"],
                "times_as_fast_as_torch": min(torch) / middle["chestnut"] if torch else None,
            }
    return result


def main() -> None:
    """Measure one framework for the parent process, or measure all and print the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--party", choices=PARTIES)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    if given.party:
        print(json.dumps(PARTIES[given.party](given.data, given.recipes)))
        return
    for recipe, row in run(given.rounds, tuple(given.recipes.split(","))).items():
        times = "  ".join(f"{party} {value:.2f} s" for party, value in row["seconds"].items())
        torch = row["times_as_fast_as_torch"]
        against = f", {torch:.2f} times as fast as torch" if torch else ""
        print(f"{recipe}: {times}: {row['times_as_fast_as_keras']:.2f} times as fast as keras{against}")


if __name__ == "__main__":
    main()
