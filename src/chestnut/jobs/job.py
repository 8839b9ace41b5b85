"""`Job`: one training run, described so that any process on any machine can make it; and what runs lists of jobs.

A comparison, a search and a cross-validation are lists of jobs. They hand them to an `Engine` and read results as they
come; how many run at once, and where, is the engine's affair and changes no result. Calls `errors` alone, so that a
process which only hands out jobs loads no framework.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Job:
    """One training run.

    Attributes:
        name: What to call it; no two jobs of a list share one.
        folder: The run's folder; where a run stands in it already, it is gone on with, or kept if it has ended.
        recipe: The recipe as TOML.
        manifest: CSV of the images, splits filled.
        facts: JSON of what is known of the images beside the rows, as `Manifest.facts` gives it.
        threads: Threads of one operation. It decides the last bits of the weights, so it belongs to the job and not
            to the engine.
        command: The command line, for the run's environment.json.
        start: A finished run that this one fine-tunes; None to train from the recipe's own start.
        track: Where else the run is kept, as `--track` takes it.
        holdout: Of a cross-validation, the fold that is the images' test split, in words: the run is judged on it once
            it has ended. Empty where the test split is to be left alone.
        measured: Measure the speed and the size of the network once the run has ended, as a leaderboard shows them.
    """

    name: str
    folder: Path
    recipe: str
    manifest: Path
    facts: Path
    threads: int
    command: str
    start: Path | None = None
    track: tuple[str, ...] = ()
    holdout: str = ""
    measured: bool = True

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Job:
        """The inverse of `to_json`."""
        held = json.loads(text)
        paths = {name: Path(held[name]) for name in ("folder", "manifest", "facts")}
        return cls(**held | paths | {"start": held["start"] and Path(held["start"]), "track": tuple(held["track"])})


@dataclass(frozen=True)
class Event:
    """What a job tells while it runs.

    Attributes:
        job: The job's name.
        kind: `begin` (an engine has taken it), `stage` (it decodes, predicts and the like), `start` (training
            starts), `batch`, `epoch`, and `end`.
        facts: Of `stage`: `label`, `done` and `total`. Of `start`: `epochs`, `batches` and `done`, the epochs finished
            earlier. Of `batch`: `done`. Of `epoch`: `row`, a line of history.csv, and `best`. Of `end`: `status` and
            `error`.
    """

    job: str
    kind: Literal["begin", "stage", "start", "batch", "epoch", "end"]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What became of a job.

    Attributes:
        job: The job.
        status: `finished`; `stopped`, by hand; or `failed`.
        error: Why it failed, in one line; empty where it did not.
        seconds: From its start to its end.
    """

    job: Job
    status: Literal["finished", "stopped", "failed"]
    error: str
    seconds: float


#: What a listener may answer to an event: the job shall stop and keep what it has.
Reply = Literal["stop"]

#: Told of every event, in the process that handed out the jobs.
Listener = Callable[[Event], Reply | None]


class Engine(Protocol):
    """What runs jobs."""

    @property
    def parallel(self) -> int:
        """How many jobs run at once; it changes the time they take, and no other result."""

    @property
    def gpus(self) -> int:
        """GPUs that a job takes; 0 where it trains on the processor."""

    def run(self, jobs: Iterable[Job], on_event: Listener) -> Generator[Result]:
        """Run jobs and give their results as they come, in any order.

        A job is drawn from `jobs` when there is room for it, after the results so far have been taken: a search may
        decide its next job by them. A job that fails, or whose process dies, gives a result like any other, and so does
        one that is stopped because the listener answered so; where it ended before it heard, it has finished. Closing
        the generator, or an exception such as Ctrl-C's while it waits, stops what runs so that it can be gone on with.
        """
