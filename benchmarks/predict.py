"""Predict files: chestnut against Keras's `predict` and against a plain loop of Pillow and ONNX Runtime.

    python -m benchmarks.predict DATA --runs FOLDER [--rounds 5]

DATA is a folder of JPEGs at 224×224 in class folders, such as the Kermany training images; FOLDER has the runs of
`benchmarks.trained`. Each network predicts some of these files, and generated JPEGs of 1,400×1,000 pixels. Every party
is a process of its own, and all take turns. Two things are measured: images per second once all is loaded, and the time
from the start of the process to the last answer. Keras reads with `image_dataset_from_directory` in batches of 32. The
loop decodes and resizes with Pillow and computes with ONNX Runtime on all cores, in batches of 8 and of 32, of which
the faster counts. Results go to benchmarks/predict.json and into docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.__main__ import machine, verdict
from benchmarks.decode import write_images
from benchmarks.pages import fill

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "predict.json", HERE.parent / "docs" / "performance.md"
NETWORKS = ("cnn-small", "mobilenet-v2")

#: The engine and precision of chestnut in each of its parties.
ENGINES = {
    "chestnut": ("onnx", "float32"),
    "chestnut, openvino": ("openvino", "float32"),
    "chestnut, openvino in bfloat16": ("openvino", "bfloat16"),
}
KERAS, LOOP = "Keras", "loop of Pillow and ONNX Runtime"

#: The aims: chestnut's images per second divided by those of each other program.
TARGETS = {KERAS: 4.0, LOOP: 1.5}

#: The number of files of each kind.
SMALL, LARGE = 400, 96

#: What is measured: seconds of a second pass on the clock and of all cores, and seconds with the start of the process.
KINDS = ("again", "cores", "whole")


def chestnut_pass(run: Path, folder: Path, engine: tuple[str, str]) -> Callable[[], None]:
    """Return a pass over all files; the first is the command that a user gives, the others have all loaded already."""
    out, loaded = folder.parent / f"{os.getpid()}.csv", []

    def go() -> None:
        from chestnut.data.sources.image_list import ImageList
        from chestnut.inference.engine_choice import EngineSettings, open_predictor
        from chestnut.inference.model_folder import ModelFolder
        from chestnut.inference.predictions import in_chunks, saved

        if loaded:
            parts = loaded[0].stream(in_chunks(ImageList.find([folder])))
            for _ in saved(parts, out):
                pass
        else:
            command(["predict", run, folder, "--csv", out, "--engine", engine[0], "--precision", engine[1]])
            loaded.append(open_predictor(ModelFolder.open(run).bundle, EngineSettings(*engine)))
        out.unlink()

    return go


def command(words: list[object]) -> None:
    """Run a command of chestnut in this process, without what it prints."""
    from chestnut.cli import main

    sys.argv = ["chestnut", *map(str, words)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()


def keras_pass(run: Path, folder: Path) -> Callable[[], None]:
    import keras

    network = keras.saving.load_model(run / "bundle" / "model.keras", compile=False)
    _, height, width, channels = network.input_shape
    images = keras.utils.image_dataset_from_directory(
        folder,
        labels=None,
        color_mode="grayscale" if channels == 1 else "rgb",
        image_size=(height, width),
        batch_size=32,
        shuffle=False,
        verbose=False,
    )
    return lambda: network.predict(images, verbose=0)


def loop_pass(run: Path, folder: Path, batch: int) -> Callable[[], None]:
    import onnxruntime
    from PIL import Image

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(run / "bundle" / "model.onnx", options, ["CPUExecutionProvider"])
    height, width = session.get_inputs()[0].shape[1:]

    def read(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            return np.asarray(image.convert("L").resize((width, height), Image.Resampling.BILINEAR))

    def go() -> None:
        files = iter(sorted(folder.rglob("*.jpeg")))
        while some := list(islice(files, batch)):
            session.run(["logits"], {"image": np.stack([read(path) for path in some])})

    return go


PARTIES: dict[str, Callable[[Path, Path], Callable[[], None]]] = {
    **{name: lambda run, folder, engine=engine: chestnut_pass(run, folder, engine) for name, engine in ENGINES.items()},
    KERAS: keras_pass,
    f"{LOOP}, 8": lambda run, folder: loop_pass(run, folder, 8),
    f"{LOOP}, 32": lambda run, folder: loop_pass(run, folder, 32),
}


def be_party(name: str, run: Path, folder: Path, started: float) -> dict[str, float]:
    """Return the seconds from the start of this process to the last answer, and those of a second pass.

    Returns:
        The seconds on the clock of the first, `whole`, and of the second, `again`, and those of all cores, `cores`.
    """
    go = PARTIES[name](run, folder)
    go()
    whole, began, used = time.time() - started, time.perf_counter(), time.process_time()
    go()
    return {"whole": whole, "again": time.perf_counter() - began, "cores": time.process_time() - used}


def measure(name: str, run: Path, folder: Path) -> dict[str, float]:
    """Measure one party in a process of its own."""
    words = ["--party", name, "--run", str(run), "--folder", str(folder), "--started", str(time.time())]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "benchmarks.predict", *words]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=quiet)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def first_result(run: Path, image: Path, rounds: int) -> float:
    """Return the median seconds that `chestnut predict` takes for one image, from start to end."""
    command = [Path(sys.executable).with_name("chestnut"), "predict", run, image]
    seconds = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        seconds.append(time.perf_counter() - began)
    return median(seconds[1:])


def compare(run: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Let all parties take turns with the files of a folder."""
    count = len(list(folder.rglob("*.jpeg")))
    turns: list[dict[str, dict[str, float]]] = []
    for _ in range(rounds):
        turn = {name: measure(name, run, folder) for name in PARTIES}
        turn[LOOP] = min((turn.pop(f"{LOOP}, {batch}") for batch in (8, 32)), key=lambda found: found["again"])
        turns.append(turn)
    names = [*ENGINES, KERAS, LOOP]

    def middle(name: str, kind: str) -> float:
        return median(turn[name][kind] for turn in turns)

    return {
        "files": count,
        "images_per_second": {name: round(median(count / turn[name]["again"] for turn in turns), 1) for name in names},
        "core_milliseconds": {
            name: round(median(1000 * turn[name]["cores"] / count for turn in turns), 2) for name in names
        },
        "seconds_with_start": {name: round(median(turn[name]["whole"] for turn in turns), 2) for name in names},
        "times": {
            kind: {
                name: round(median(turn[name][kind] / turn["chestnut"][kind] for turn in turns), 2)
                for name in names
                if name != "chestnut"
            }
            for kind in KINDS
        },
    }


def take_files(data: Path, folder: Path, count: int) -> None:
    """Link so many files of a data set into class folders, spread over it."""
    files = sorted(data.rglob("*.jpeg"))
    for path in files[:: max(1, len(files) // count)][:count]:
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path.resolve())


def run(data: Path, runs: Path, rounds: int = 5) -> dict[str, Any]:
    """Measure all networks with both kinds of files, and the time of a first result."""
    found: dict[str, Any] = {"rounds": rounds, "machine": machine(), "networks": {}}
    with tempfile.TemporaryDirectory() as name:
        small, large = Path(name) / "small", Path(name) / "large"
        take_files(data, small, SMALL)
        write_images(large, LARGE)
        found["first"] = round(first_result(runs / "cnn-small", next(small.rglob("*.jpeg")), 2 * rounds + 1), 2)
        for network in NETWORKS:
            sizes = {"224×224": small, "1,400×1,000": large}
            found["networks"][network] = {
                size: compare(runs / network, folder, rounds) for size, folder in sizes.items()
            }
    return found


def cases(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was found for each network with each kind of files."""
    return [one for sizes in found["networks"].values() for one in sizes.values()]


def lines(found: dict[str, Any]) -> list[str]:
    """Return the table of the results."""
    rows = ["| network, files | program | images a second | ms of all cores an image | s with its start |"]
    rows.append("| --- | --- | --- | --- | --- |")
    for network, sizes in found["networks"].items():
        for size, one in sizes.items():
            for number, (name, rate) in enumerate(one["images_per_second"].items()):
                place = f"`{network}`, {size}" if not number else ""
                again, cores, whole = (f" ({one['times'][kind][name]:.2f})" if number else "" for kind in KINDS)
                used, seconds = one["core_milliseconds"][name], one["seconds_with_start"][name]
                rows.append(f"| {place} | {name} | {rate:,.0f}{again} | {used:.2f}{cores} | {seconds:.1f}{whole} |")
    aims = [
        verdict(all(one["times"]["again"][name] >= aim for one in cases(found)), f"{aim:g} times {name}")
        for name, aim in TARGETS.items()
    ]
    rounds = f"{found['rounds']} round{'s' * (found['rounds'] > 1)}"
    rows += [
        "",
        f"Medians of {rounds} in turns on {found['machine']}. In brackets: how many times as long as chestnut with",
        f"ONNX Runtime the program takes. The aims, in images a second, in all cases: {', '.join(aims)}.",
        f"`chestnut predict` of one image takes {found['first']:.2f} s ({verdict(found['first'] < 1, 'under 1 s')}).",
    ]
    return rows


def main() -> None:
    """Measure one party for the parent process, or measure all, store the results and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--party", choices=PARTIES)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--started", type=float)
    given = parser.parse_args()
    if given.party:
        print(json.dumps(be_party(given.party, given.run, given.folder, given.started)))
        return
    if given.data is not None:
        RESULTS.write_text(json.dumps(run(given.data, given.runs, given.rounds), indent=2) + "\n", encoding="utf-8")
    table = lines(json.loads(RESULTS.read_text(encoding="utf-8")))
    fill(PAGE, {"predict": table})
    print("\n".join(table))


if __name__ == "__main__":
    main()
