"""Run jobs: engine `ray` with two workers against engine `local` with two, and against `ray` with one.

    python -m benchmarks.engines [--rounds 3]

The jobs are six trainings of `cnn-small` at 96×96 on 640 generated images that are decoded already, with one thread
each. Every engine runs in a separate process, and they take turns. The time is measured from the first job to the last
result. The start of Ray, once per command, is measured separately. Two workers need two otherwise idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.train import draw

IMAGES, JOBS, EPOCHS = 640, 6, 8
SETTINGS = ("input.height=96", "input.width=96", "train.precision=float32", "train.stop.patience=0")
#: The engine, and the number of jobs that run at once.
PARTIES = {"local 2": ("local", 2), "ray 2": ("ray", 2), "ray 1": ("ray", 1)}


def prepare(folder: Path) -> None:
    """Draw the images, write the files that every job reads, and decode the images."""
    import chestnut as cn
    from chestnut.config import load_recipe
    from chestnut.data.cache.cache import decode_all
    from chestnut.data.split import split
    from chestnut.files.json_files import write_json

    draw(folder / "images", IMAGES)
    recipe = load_recipe("cnn-small", [*SETTINGS, f"train.epochs={EPOCHS}"])
    manifest = split(cn.load_dataset(folder / "images"), recipe.data.fractions, 0)
    manifest.save(folder / "manifest.csv")
    write_json(folder / "data.json", manifest.facts())
    (folder / "recipe.toml").write_text(recipe.to_toml())
    decode_all(manifest, recipe.input)


def party(folder: Path, name: str) -> dict[str, float]:
    """Return the seconds that it takes to open an engine, and to run all jobs."""
    from chestnut.jobs.engine_choice import EngineChoice
    from chestnut.jobs.job import Job

    kind, workers = PARTIES[name]
    recipe = (folder / "recipe.toml").read_text()
    inputs = (recipe, folder / "manifest.csv", folder / "data.json")
    with tempfile.TemporaryDirectory() as runs:
        jobs = [Job(f"{at}", Path(runs) / f"{at}", *inputs, 1, "benchmark", measured=False) for at in range(JOBS)]
        began = time.perf_counter()
        with EngineChoice(kind, None, workers).open(1) as engine:
            opened = time.perf_counter()
            results = list(engine.run(jobs, lambda event: None))
            done = time.perf_counter()
    if failed := [result.error for result in results if result.status != "finished"]:
        raise RuntimeError(f"{name}: {failed}")
    return {"opening": opened - began, "jobs": done - opened}


def measure(folder: Path, name: str) -> dict[str, float]:
    """Measure one engine in a separate process."""
    command = [sys.executable, "-m", "benchmarks.engines", "--party", name, "--data", str(folder)]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CHESTNUT_CACHE": str(folder / "cache")}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=quiet)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def run(rounds: int = 3) -> dict[str, Any]:
    """Return the seconds of all engines, and their ratios."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["CHESTNUT_CACHE"] = str(folder / "cache")
        prepare(folder)
        turns = [{name: measure(folder, name) for name in PARTIES} for _ in range(rounds)]
    middle = {name: median(turn[name]["jobs"] for turn in turns) for name in PARTIES}
    return {
        "jobs": JOBS,
        "seconds": middle,
        "seconds_to_start_ray": median(turn["ray 2"]["opening"] for turn in turns),
        "times_local": middle["local 2"] / middle["ray 2"],
        "times_one_worker": middle["ray 1"] / middle["ray 2"],
    }


def main() -> None:
    """Measure one engine for the parent process, or measure all and print the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--party", choices=PARTIES)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    if given.party:
        print(json.dumps(party(given.data, given.party)))
        return
    found = run(given.rounds)
    for name, seconds in found["seconds"].items():
        print(f"{name}: {found['jobs']} jobs in {seconds:.1f} s")
    print(
        f"ray with 2 workers does {found['times_local']:.2f} times the work of local with 2, and "
        f"{found['times_one_worker']:.2f} times that of one worker; starting Ray takes "
        f"{found['seconds_to_start_ray']:.1f} s once"
    )


if __name__ == "__main__":
    main()
