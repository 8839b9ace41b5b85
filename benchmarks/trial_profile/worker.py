"""The program of a trial whose stages are timed: that of `chestnut.jobs.worker`, with clocks around its functions."""

from __future__ import annotations

import functools
import importlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: The variable that names the folder for the times of each process.
FOLDER = "CHESTNUT_TRIAL_PROFILE"

#: The functions of each stage, as MODULE:NAME where they are called.
STAGES = {
    "find the pixels in the cache": ("training.train:prepare", "data.manifest:Manifest.read"),
    "build the network": (
        *("training.train:_build_start", "training.train:build_recipe", "training.neural:Learner.__init__"),
        *("training.neural:build_recipe", "training.loop:Learner.__call__"),
    ),
    "describe the environment": ("training.train:environment",),
    "make the run folder": ("training.train:_create_run",),
    "draw sample images": ("training.train:draw_samples",),
    "train": ("training.learner:Learner.fit",),
    "validate": ("training.loop:Validation.point",),
    "save checkpoints": (
        *("training.checkpoint:Checkpoint.save", "training.checkpoint:Checkpoint.save_start"),
        *("training.checkpoint:Checkpoint.best_weights", "training.checkpoint:Checkpoint.remove"),
    ),
    "write history.csv": ("runs.folder:RunFolder.write_history",),
    "write TensorBoard's log": (
        *("training.tracking.tensorboard:TensorBoard.begin", "training.tracking.tensorboard:TensorBoard.log"),
        "training.tracking.tensorboard:TensorBoard.end",
    ),
    "write the bundle": ("training.outputs:write_run_bundle",),
    "draw the learning curves": ("training.outputs:history_figure", "training.outputs:save_both"),
    "load the bundle": ("inference.finish:open_quickest",),
    "predict validation images": ("inference.finish:Validation.compute",),
    "fit the temperature": ("inference.finish:fit_temperature",),
    "write the temperature": ("inference.finish:change_with_threshold",),
    "compute metrics and intervals": ("inference.judged:evaluate", "inference.judged:compute_details"),
    "draw the evaluation": (
        *("inference.evaluate:draw_evaluation", "inference.evaluate:draw_subgroups", "inference.evaluate:draw_sets"),
        "inference.finish:draw_calibration",
    ),
    "write predictions and metrics": ("inference.evaluate:_write",),
}

#: The part of a training before its first step has ended, in which TensorFlow traces and compiles.
TRACING = "trace the first step"


class Clocks:
    """Wall and processor seconds of nested stages; a stage that another one interrupts is not counted meanwhile."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self._stack = ["the rest"]
        self._last = _read_clocks()

    def enter(self, stage: str) -> None:
        """Begin a stage."""
        self._count()
        self._stack.append(stage)

    def leave(self) -> None:
        """End the innermost stage."""
        self._count()
        self._stack.pop()

    def _count(self) -> None:
        now = _read_clocks()
        held = self.seconds.setdefault(self._stack[-1], [0.0, 0.0])
        for at, (new, old) in enumerate(zip(now, self._last, strict=True)):
            held[at] += new - old
        self._last = now

    def wrap(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """Return a function whose calls count as a stage."""

        @functools.wraps(function)
        def timed(*given: Any, **named: Any) -> Any:
            self.enter(stage)
            try:
                return function(*given, **named)
            finally:
                self.leave()

        return timed


def _read_clocks() -> tuple[float, float]:
    used = os.times()
    return time.monotonic(), used.user + used.system + used.children_user + used.children_system


def load() -> None:
    """Load what a trial needs before the process is forked, as in a search."""
    importlib.import_module("chestnut.jobs.worker").load()


def main() -> None:
    """Run the job that standard input describes, and write down the seconds of its stages."""
    begun = time.monotonic()
    clocks = Clocks()
    for stage, places in STAGES.items():
        for place in places:
            _replace(place, functools.partial(clocks.wrap, stage=stage))
    _time_first_step(clocks)
    try:
        importlib.import_module("chestnut.jobs.worker").main()
    finally:
        clocks.enter("the rest")
        facts = {"begun": begun, "ended": time.monotonic(), "stages": clocks.seconds}
        (Path(os.environ[FOLDER]) / f"{os.getpid()}.json").write_text(json.dumps(facts), encoding="utf-8")


def _replace(place: str, change: Callable[[Any], Any]) -> None:
    """Put a changed function in the place of one."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = importlib.import_module(f"chestnut.{module}")
    for one in owners:
        owner = getattr(owner, one)
    raw = vars(owner).get(name, getattr(owner, name))
    if isinstance(raw, classmethod):
        setattr(owner, name, classmethod(change(raw.__func__)))
    else:
        setattr(owner, name, change(raw))


def _time_first_step(clocks: Clocks) -> None:
    """Count the first step of a training as a stage of its own."""
    steps = importlib.import_module("chestnut.training.epochs.fed")._Told
    begin, end, seen = steps.on_train_batch_begin, steps.on_train_batch_end, [False, False]

    def timed_begin(self: Any, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        if not seen[0]:
            seen[0] = True
            clocks.enter(TRACING)

    def timed_end(self: Any, *given: Any, **named: Any) -> None:
        if not seen[1]:
            seen[1] = True
            clocks.leave()
        end(self, *given, **named)

    steps.on_train_batch_begin, steps.on_train_batch_end = timed_begin, timed_end
