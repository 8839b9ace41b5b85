"""Train for an epoch of transfer learning: chestnut, which computes a frozen part once, against plain Keras.

    python -m benchmarks.transfer [--rounds 3]

The network is MobileNetV2 at 224×224, on 320 generated JPEGs and 80 for validation, in batches of 32, without
augmentation and with random weights (which take the same time). There are two stages: `head`, with a frozen backbone,
and `top`, which also trains the top 30 % of its layers. Keras does what notebooks do: the frozen backbone is computed
in every epoch (`image_dataset_from_directory`, cache, prefetch, `fit`). Both run in separate processes and take turns.
An epoch includes its validation; the first epoch does not count. The time that chestnut spends once on the frozen part
is measured separately.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.train import Clock, draw

IMAGES, BATCH = 320, 32
EPOCHS = {"head": 8, "top": 3}
UNFROZEN = {"head": 0.0, "top": 0.3}


def chestnut_epochs(folder: Path, stage: str) -> dict[str, Any]:
    """Return the seconds of each epoch of `chestnut train`, including checkpoints, and those before the first epoch."""
    import chestnut as cn
    from chestnut.training.train import Setup, train

    settings = ["model.weights=none", f"model.unfreeze={UNFROZEN[stage]}", f"train.epochs={EPOCHS[stage]}"]
    settings += ["augment.rotation=0.0", "augment.shift=0.0", "augment.zoom=0.0", "train.stop.patience=0"]
    clock = Clock()
    with tempfile.TemporaryDirectory() as run:
        os.environ["CHESTNUT_CACHE"] = run
        started = time.perf_counter()
        recipe = cn.load_recipe("mobilenet-v2", [*settings, "train.precision=float32"])
        train(cn.load_dataset(folder), recipe, Setup(Path(run) / "run", audited=False, observers=(clock,)))
    return {"epochs": seconds(clock.ends), "before": clock.ends[0] - started}


def keras_epochs(folder: Path, stage: str) -> dict[str, Any]:
    """Return the seconds of each epoch of the notebook pipeline."""
    import keras
    import tensorflow as tf
    from keras import layers

    def load(split: str) -> Any:
        return keras.utils.image_dataset_from_directory(
            folder / split, image_size=(224, 224), batch_size=BATCH, verbose=False
        ).cache()

    base = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(224, 224, 3))
    trained = round(UNFROZEN[stage] * len(base.layers))
    base.trainable = trained > 0
    for layer in base.layers[: len(base.layers) - trained]:
        layer.trainable = False
    image = keras.Input((224, 224, 3))
    x = base(keras.applications.mobilenet_v2.preprocess_input(image), training=False)
    x = layers.GlobalAveragePooling2D()(x)
    for units in (256, 128):
        x = layers.Dense(units, activation="relu", kernel_regularizer=keras.regularizers.l2(1e-4))(x)
        x = layers.Dropout(0.3)(x)
    model = keras.Model(image, layers.Dense(2)(x))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    ends = [time.perf_counter()]
    mark = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    data = load("train").shuffle(10).prefetch(tf.data.AUTOTUNE)
    held = load("val").prefetch(tf.data.AUTOTUNE)
    model.fit(data, validation_data=held, epochs=3, callbacks=[mark], verbose=0)
    return {"epochs": seconds(ends), "before": 0.0}


def seconds(ends: list[float]) -> list[float]:
    return [end - start for start, end in pairwise(ends)]


PARTIES: dict[str, Callable[[Path, str], dict[str, Any]]] = {"chestnut": chestnut_epochs, "keras": keras_epochs}


def measure(folder: Path, stage: str, party: str) -> tuple[float, float]:
    """Return the median seconds of an epoch from the second on, and those before the first, from a separate process."""
    command = [sys.executable, "-m", "benchmarks.transfer", "--party", party, "--stage", stage, "--data", str(folder)]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=quiet)
    found = json.loads(answer.stdout.splitlines()[-1])
    return median(found["epochs"][1:]), found["before"]


def run(rounds: int = 3) -> dict[str, Any]:
    """Return the seconds per epoch of both in both stages, and their ratios."""
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw(folder, IMAGES)
        for stage in EPOCHS:
            turns = [{party: measure(folder, stage, party) for party in PARTIES} for _ in range(rounds)]
            middle = {party: median(turn[party][0] for turn in turns) for party in PARTIES}
            result[stage] = {
                "images": IMAGES,
                "seconds": middle,
                "seconds_once": median(turn["chestnut"][1] for turn in turns),
                "times_as_fast_as_keras": median(turn["keras"][0] / turn["chestnut"][0] for turn in turns),
            }
    return result


def main() -> None:
    """Measure one of the two for the parent process, or measure both and print the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--party", choices=PARTIES)
    parser.add_argument("--stage", choices=EPOCHS)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    if given.party:
        print(json.dumps(PARTIES[given.party](given.data, given.stage)))
        return
    for stage, row in run(given.rounds).items():
        print(
            f"{stage}: chestnut {row['seconds']['chestnut']:.2f} s, keras {row['seconds']['keras']:.2f} s an epoch of "
            f"{row['images']} images: {row['times_as_fast_as_keras']:.1f} times as fast; {row['seconds_once']:.1f} s "
            "once before the first epoch"
        )


if __name__ == "__main__":
    main()
