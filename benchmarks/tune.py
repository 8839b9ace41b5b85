"""Search for settings: `chestnut tune` against the random search of KerasTuner, with the same trials.

    python -m benchmarks.tune [--rounds 3] [--trials 20] [--only float32]

The space is that of `cnn-search`; the data are 480 generated JPEGs and 120 for validation at 64×64; a trial has 3
epochs with batches of 32. chestnut draws the trials. KerasTuner gets the same settings in the same order, from an
oracle that replays them, so that both train the same networks on the same images for the same epochs. chestnut also
trains the recipe's own settings, so KerasTuner gets them as one more trial. Each search runs in a separate process and
is timed as a whole, including start-up; they take turns. KerasTuner trains in float32. In the searches called float32,
chestnut does so too, so that both do exactly the same work; in those called auto it may choose bfloat16.

A second benchmark measures what a trial of about 60 seconds costs beyond its epochs: the seconds of its job minus those
of its epochs, as a share of the latter, for `cnn-small` at 112×112 on 2,560 such images.
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
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from benchmarks.train import draw

IMAGES, SIDE, BATCH, EPOCHS, TRIALS = 480, 64, 32, 3, 20
LONG = 2560
PRECISIONS = ("float32", "auto")
QUIET = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}

Result = TypeVar("Result")


def chestnut_search(folder: Path, home: Path, trials: int, precision: str) -> list[dict[str, Any]]:
    """Search with chestnut; return the settings of each trial, and last the recipe's own."""
    words = ["tune", folder, "--recipe", "cnn-search", "--search", "random", "--trials", trials, "--executions", 1]
    words += ["--epochs", EPOCHS, "--set", f"input.height={SIDE}", "--set", f"input.width={SIDE}"]
    words += ["--set", "train.stop.patience=0", "--set", f"train.precision={precision}", "--runs", home]
    words += ["--name", "search", "--json", home / "result.json", "--force"]
    program = "from chestnut.cli import main; main()"
    environment = QUIET | {"CHESTNUT_CACHE": str(home / "cache")}
    subprocess.run([sys.executable, "-c", program, *map(str, words)], check=True, capture_output=True, env=environment)
    result = json.loads((home / "result.json").read_text())
    if any(trial["state"] != "finished" for trial in result["trials"]):
        raise RuntimeError("a trial of chestnut did not finish")
    return [trial["values"] for trial in (*result["trials"], result["default"])]


def keras_search(folder: Path, home: Path, trials: list[dict[str, Any]]) -> None:
    """Search with KerasTuner, in this process, with the given settings."""
    import keras
    import keras_tuner
    import tensorflow as tf
    from keras import layers

    def load(split: str) -> Any:
        return keras.utils.image_dataset_from_directory(
            folder / split, color_mode="grayscale", image_size=(SIDE, SIDE), batch_size=BATCH, verbose=False
        ).cache()

    class Replay(keras_tuner.Oracle):
        def populate_space(self, trial_id: str) -> dict[str, Any]:
            if int(trial_id) >= len(trials):
                return {"status": "STOPPED"}
            return {"status": "RUNNING", "values": trials[int(trial_id)]}

    def build(hp: Any) -> Any:
        x = image = keras.Input((SIDE, SIDE, 1))
        x = layers.Rescaling(1 / 255)(x)
        for block, most in enumerate((128, 256, 256)):
            filters = hp.Int(f"model.filters.{block}", 32, most, step=16)
            x = layers.Conv2D(filters, hp.Choice(f"model.kernels.{block}", [3, 5]), activation="relu")(x)
            x = layers.MaxPooling2D()(x)
        x = layers.Dense(hp.Int("model.dense.0", 32, 128, step=16), activation="relu")(layers.Flatten()(x))
        model = keras.Model(image, layers.Dense(2)(x))
        rate = hp.Float("optim.learning_rate", 1e-4, 1e-2, sampling="log")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        return model

    oracle = Replay(objective=keras_tuner.Objective("val_accuracy", "max"), max_trials=len(trials))
    tuner = keras_tuner.Tuner(oracle=oracle, hypermodel=build, directory=home, project_name="peer")
    held = load("val").prefetch(tf.data.AUTOTUNE)
    training = load("train").shuffle(1000).prefetch(tf.data.AUTOTUNE)
    tuner.search(training, validation_data=held, epochs=EPOCHS, verbose=0)
    done = [trial for trial in oracle.trials.values() if trial.status == "COMPLETED"]
    same = [trial.hyperparameters.values for trial in sorted(done, key=lambda one: int(one.trial_id))] == trials
    if not same:
        raise RuntimeError("KerasTuner did not train the same networks")


@dataclass(frozen=True)
class Cost:
    """What a search takes.

    Attributes:
        seconds: From its start to its end.
        processor_seconds: Of all processors, over all its processes; other work on the machine changes it less.
    """

    seconds: float
    processor_seconds: float

    @classmethod
    def measure(cls, work: Callable[[], Result]) -> tuple[Result, Cost]:
        """Measure a function that leaves its work to processes which have ended when it returns."""
        before, started = os.times(), time.perf_counter()
        result = work()
        seconds, after = time.perf_counter() - started, os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return result, cls(seconds, used)


def turn(folder: Path, trials: int, precision: str) -> dict[str, Cost]:
    """Return the cost of one search with each."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        drawn, own = Cost.measure(lambda: chestnut_search(folder, home, trials, precision))
        (home / "trials.json").write_text(json.dumps(drawn))
        peer = [sys.executable, "-m", "benchmarks.tune", "--peer", str(home), "--data", str(folder)]
        _, theirs = Cost.measure(lambda: subprocess.run(peer, check=True, capture_output=True, env=QUIET))
        return {"chestnut": own, "keras_tuner": theirs}


def searches(rounds: int, trials: int, precision: str) -> dict[str, Any]:
    """Return the trials per hour of both, and their ratio."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw(folder, IMAGES, side=160)
        turns = [turn(folder, trials, precision) for _ in range(rounds)]
    return {
        "rounds": rounds,
        "trials_an_hour": {
            party: round(3600 * (trials + 1) / median(one[party].seconds for one in turns)) for party in turns[0]
        },
        "times_as_many_as_keras_tuner": median(one["keras_tuner"].seconds / one["chestnut"].seconds for one in turns),
        "processor_seconds": {
            party: round(median(one[party].processor_seconds for one in turns), 1) for party in turns[0]
        },
    }


def run(rounds: int = 3, trials: int = TRIALS) -> dict[str, Any]:
    """Measure the searches in both arithmetics, and the cost of a long trial beyond its epochs."""
    found = {precision: searches(rounds, trials, precision) for precision in PRECISIONS}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw(folder, LONG, side=160)
        long = overhead(folder)
    return {"trials": trials, "searches": found, **long}


def overhead(data: Path, seconds: float = 60.0, trials: int = 3) -> dict[str, Any]:
    """Measure what trials of about `seconds` seconds cost beyond their epochs."""
    import pandas as pd

    def search(home: Path, epochs: int, count: int) -> pd.DataFrame:
        words = ["tune", data, "--recipe", "cnn-small", "--search", "random", "--executions", 1, "--trials", count]
        words += ["--set", "search.optim.learning_rate={float=[1e-4,1e-2],log=true}", "--epochs", epochs]
        words += ["--set", "input.height=112", "--set", "input.width=112", "--set", "train.stop.patience=0"]
        words += ["--runs", home, "--name", f"search-{epochs}"]
        program = "from chestnut.cli import main; main()"
        subprocess.run([sys.executable, "-c", program, *map(str, words)], check=True, capture_output=True, env=QUIET)
        found = pd.read_csv(home / f"search-{epochs}" / "trials.csv")
        histories = [pd.read_csv(home / f"search-{epochs}" / name / "history.csv") for name in found["runs"]]
        found["trained"] = [history["seconds"].sum() for history in histories]
        return found

    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        epoch = search(home, 3, 1)["trained"].median() / 3
        found = search(home, max(1, round(seconds / epoch)), trials)
    shares = (found["seconds"] - found["trained"]) / found["trained"]
    return {"trained_seconds": found["trained"].median(), "overhead": shares.median()}


def main() -> None:
    """Search with KerasTuner for the parent process, or search with both and print the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--only", choices=PRECISIONS, help="only searches in this arithmetic, and no long trials")
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    if given.peer:
        keras_search(given.data, given.peer, json.loads((given.peer / "trials.json").read_text()))
        return
    found = {} if given.only else run(given.rounds, given.trials)
    searched = found["searches"] if found else {given.only: searches(given.rounds, given.trials, given.only)}
    for precision, one in searched.items():
        hourly, ratio = one["trials_an_hour"], one["times_as_many_as_keras_tuner"]
        print(
            f"{precision}: {hourly['chestnut']:,} trials an hour, KerasTuner {hourly['keras_tuner']:,}: "
            f"{ratio:.2f} times as many"
        )
        used = one["processor_seconds"]
        print(f"    seconds of all processors: {used['chestnut']:,}, KerasTuner {used['keras_tuner']:,}")
    if found:
        print(f"{found['trained_seconds']:.0f} s of epochs take a trial {found['overhead']:.1%} more")


if __name__ == "__main__":
    main()
