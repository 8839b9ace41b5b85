"""A job: one training run, described so that any process on any machine can make it, and the engines that run jobs.

A comparison, a search and a cross-validation are lists of jobs. They give the list to an `Engine` and read the results
as they come. How many jobs run at once, and where, is up to the engine and changes no result.
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
        name: The name of the job, unique in its list.
        folder: The run's folder. A run that exists there is continued, or kept if it has finished.
        recipe: The recipe as TOML.
        manifest: The CSV of the images, with their splits.
        facts: The JSON of `Manifest.facts`.
        threads: Threads of one operation. The number decides the last bits of the weights, so it belongs to the job
            and not to the engine.
        command: The command line, for the record of the run.
        start: A finished run that this one fine-tunes; None to train from the recipe's own start.
        track: Where else the run is kept, as `cn.train(track=…)` takes it.
        holdout: In a cross-validation, a description of the fold that is the images' test split: the run is evaluated
            on it once it has finished. Empty to leave the test split alone.
        measured: Whether to measure the speed and the size of the network once the run has finished.
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
        """Return the job as one line of JSON."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Return the job that `to_json` wrote."""
        values = json.loads(text)
        paths = {name: Path(values[name]) for name in ("folder", "manifest", "facts")}
        start = values["start"] and Path(values["start"])
        return cls(**values | paths | {"start": start, "track": tuple(values["track"])})


@dataclass(frozen=True)
class Event:
    """Something that happened in a job.

    Attributes:
        job: The name of the job.
        kind: `begin` (an engine has taken the job), `stage` (it decodes, predicts and the like), `start` (training
            starts), `batch`, `epoch` or `end`.
        facts: For `stage`: `label`, `done` and `total`. For `start`: `epochs`, `batches` and `done`, the number of
            epochs finished earlier. For `batch`: `done`. For `epoch`: `row`, a line of history.csv, and `best`. For
            `end`: `status` and `error`.
    """

    job: str
    kind: Literal["begin", "stage", "start", "batch", "epoch", "end"]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """How a job ended.

    Attributes:
        job: The job.
        status: `finished`; `stopped`, by Ctrl-C or a listener; or `failed`.
        error: Why it failed, in one line; empty if it did not.
        seconds: The time from its start to its end.
    """

    job: Job
    status: Literal["finished", "stopped", "failed"]
    error: str
    seconds: float


#: What a listener may answer to an event: "stop" lets the job save its state and end.
Reply = Literal["stop"]

#: Receives every event, in the process that gave the list to the engine.
Listener = Callable[[Event], Reply | None]


class Engine(Protocol):
    """Runs jobs."""

    @property
    def parallel(self) -> int:
        """The number of jobs that run side by side; it changes the time they take and no other result."""

    @property
    def gpus(self) -> int:
        """The number of GPUs that a job takes; 0 where jobs train on the processor."""

    def run(self, jobs: Iterable[Job], on_event: Listener) -> Generator[Result]:
        """Run jobs and yield their results as they end, in any order.

        A job is drawn from `jobs` only when there is room for it and the results so far have been taken, so a search
        can decide on its next job by them. A job that fails, or whose process dies, gives a result like any other. So
        does one that is stopped because the listener answered "stop"; one that had ended by then counts as finished.
        Closing the generator, or an exception such as that of Ctrl-C while it waits, stops the jobs that run, so that
        they can be continued later.
        """
