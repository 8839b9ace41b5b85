"""Where the time of a short trial goes: `chestnut tune` of `benchmarks.tune`, with clocks in the trials' processes.

    python -m benchmarks.trial_profile [--trials 20] [--parallel 2] [--json FILE]

The mean over the trials, in milliseconds: of the clock on the wall, which other work on the machine prolongs, and of
all processors, which it prolongs less.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.train import draw
from benchmarks.trial_profile.worker import FOLDER
from benchmarks.tune import EPOCHS, IMAGES, SIDE, TRIALS

ROOT = Path(__file__).parents[2]


def profile(trials: int, parallel: int) -> dict[str, Any]:
    """Search, and return the seconds of each stage on the wall and of all processors, means over the trials."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        draw(home / "data", IMAGES, side=160)
        os.environ |= {"CHESTNUT_CACHE": str(home / "cache"), "PYTHONPATH": str(ROOT), FOLDER: str(home / "times")}
        (home / "times").mkdir()
        began = time.perf_counter()
        starts = _search(home, trials, parallel)
        whole = time.perf_counter() - began
        found = [json.loads(path.read_text()) for path in (home / "times").glob("*.json")]
    stages = {
        name: [mean(one["stages"].get(name, (0, 0))[at] for one in found) for at in (0, 1)]
        for one in found
        for name in one["stages"]
    }
    return {"trials": len(found), "search": whole, "trial": mean(starts), "stages": stages}


def _search(home: Path, trials: int, parallel: int) -> list[float]:
    """Search as `chestnut tune` does, and return the seconds of each job."""
    import pandas as pd

    import chestnut as cn
    from chestnut.jobs.local_engine import LocalEngine
    from chestnut.jobs.machine import threads_per_job
    from chestnut.jobs.process import StartMethod
    from chestnut.jobs.run_all import JobOptions
    from chestnut.studies.tuning.plan import Terms, TuneFolder, make_tuneplan
    from chestnut.studies.tuning.tune import tune

    settings = (f"input.height={SIDE}", f"input.width={SIDE}", "train.stop.patience=0", "train.precision=float32")
    recipe = cn.load_recipe("cnn-search", settings)
    terms = Terms("random", "auroc", trials, executions=1, epochs=EPOCHS)
    plan, manifest = make_tuneplan(cn.load_dataset(home / "data"), recipe, terms, threads_per_job())
    folder = TuneFolder.begin(home / "search", plan, manifest)
    engine = LocalEngine(parallel, StartMethod("benchmarks.trial_profile.worker"))
    tune(folder, JobOptions(engine, "benchmarks.trial_profile"))
    table = pd.read_csv(folder.table_file)
    if set(table["state"]) != {"finished"}:
        raise RuntimeError("a trial did not finish")
    return [float(seconds) for seconds in table["seconds"]]


def main() -> None:
    """Measure, and print the stages in the order of the time they take."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--parallel", type=int, default=2, help="trials side by side")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = profile(given.trials, given.parallel)
    stages = sorted(found["stages"].items(), key=lambda one: -one[1][0])
    print(f"{'stage':34}{'ms':>8}{'ms of all processors':>24}")
    for name, (wall, used) in stages:
        print(f"{name:34}{1000 * wall:8,.0f}{1000 * used:24,.0f}")
    totals = [sum(one[at] for _, one in stages) for at in (0, 1)]
    print(f"{'all stages':34}{1000 * totals[0]:8,.0f}{1000 * totals[1]:24,.0f}")
    print(f"{'start and end of the process':34}{1000 * (found['trial'] - totals[0]):8,.0f}")
    print(f"{found['search']:.1f} s for the whole search of {found['trials']} trials, {given.parallel} side by side")
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
