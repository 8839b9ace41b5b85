"""Try the points of every command, and print how many were survived."""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from blank_pictures import blank_pictures
from crash import forked, results
from crash.changes import KINDS, Stop
from crash.points import Stage
from crash.scenes import SCENES, small_backbone
from small_probes import small_probes


def main():
    """Try what the command line asks for; returns the exit status."""
    asked = _read_arguments()
    forked.load()
    small_backbone()
    names, found = asked.command or list(SCENES), {}
    with _quick() if asked.quick else nullcontext(), tempfile.TemporaryDirectory() as top, _mapping(asked.jobs) as each:
        for name, result in zip(names, each(partial(_play, asked=asked, top=Path(top)), names), strict=True):
            found[name] = result
            if asked.docs and not asked.list and asked.point is None:
                results.write_page(results.store({name: result[0]}, asked.most))
    if asked.list:
        return 0
    counts = {name: counted for name, (counted, _) in found.items()}
    failures = [line for _, faults in found.values() for line in faults]
    print("", *results.lines(counts), "", *failures, results.verdict(counts), sep="\n")
    return 1 if failures else 0


@contextmanager
def _quick():
    """Write the same files with blank pictures and audits of a few trees in them."""
    with blank_pictures(), small_probes():
        yield


@contextmanager
def _mapping(jobs):
    """Yield what calls a function for each item, in this process or in several."""
    if jobs == 1:
        yield map
    else:
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
            yield pool.map


def _read_arguments():
    parser = argparse.ArgumentParser(prog="python -m crash", description=__doc__)
    parser.add_argument("--command", action="append", choices=SCENES, help="only this command; repeatable")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind of stop; repeatable")
    parser.add_argument("--point", type=int, help="only the change of this number")
    parser.add_argument("--most", type=int, help="at most so many points of each command: the ends, and some between")
    parser.add_argument(
        "--every", action="store_true", help="go on from every point, even where the files are the same"
    )
    parser.add_argument("--quick", action="store_true", help="write blank pictures, and audit with a few trees")
    parser.add_argument("--jobs", type=int, default=1, help="commands that are tried side by side")
    parser.add_argument("--list", action="store_true", help="list the changes, and stop nowhere")
    parser.add_argument("--docs", action="store_true", help="keep the counts, and write docs/reliability.md's table")
    return parser.parse_args()


def _play(name, asked, top):
    """Try the points of a command in this process's folder; returns the counts, and a line for each fault."""
    began, verdicts = time.monotonic(), []
    home = top / str(os.getpid())
    home.mkdir(exist_ok=True)
    stage = Stage(SCENES[name], home, every=asked.every or asked.point is not None)
    stage.prepare()
    if asked.list:
        listed = (f"{number:4} {change}" for number, change in enumerate(stage.changes))
        print(name, *listed, sep="\n", flush=True)
        return None, []
    failures = [f"{name}: {fault}" for fault in stage.invariants()]
    for stop in _choose(stage, asked):
        verdicts.append(stage.try_point(stop))
        if told := [f"    {fault}" for fault in verdicts[-1].faults]:
            way = f"python -m crash --command '{name}' --kind {stop.kind} --point {stop.number}"
            told.insert(0, f"{name}: {KINDS[stop.kind]}, {verdicts[-1].change}; again with {way}")
            print(*told, sep="\n", flush=True)
            failures += told
    print(f"{name}: {len(verdicts)} points in {time.monotonic() - began:.0f} s", flush=True)
    return results.count(stage.changes, verdicts), failures


def _choose(stage, asked):
    """Return the points to try: all, or the ends and some of each kind, with renames and removals first."""
    kinds = asked.kind or list(KINDS)
    if asked.point is not None:
        return [Stop(asked.point, kind) for kind in kinds]
    stops = stage.points(kinds)
    if asked.most is None or len(stops) <= asked.most:
        return stops
    draw = random.Random(stage.scene.name)
    pools = [draw.sample(pool, len(pool)) for kind in reversed(kinds) if (pool := [s for s in stops if s.kind == kind])]
    for pool in pools:  # what is drawn first stands last
        pool.sort(key=lambda stop: stage.changes[stop.number].kind in ("rename", "remove", "rmdir"))
    turns = (pool[-turn] for turn in range(1, len(stops) + 1) for pool in pools if turn <= len(pool))
    chosen = list(dict.fromkeys([stops[0], stops[-1], *turns]))[: asked.most]
    return sorted(chosen, key=stops.index)


if __name__ == "__main__":
    sys.exit(main())
