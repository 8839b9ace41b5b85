"""A process that makes one run: `python -m chestnut.jobs.worker`, or a fork of `forkserver`, started by an engine.

It reads a `Job` from standard input and writes its events, a line of JSON each, to standard output. When standard input
closes, the engine is gone, and so goes the worker: nothing trains on unseen. Whatever libraries print goes to standard
error. `run_job` is the work itself, for engines that have processes of their own.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

from chestnut.errors import ChestnutError, RunError
from chestnut.jobs.job import Job
from chestnut.progress import Tick

if TYPE_CHECKING:
    from chestnut.runs.folder import RunFolder

#: Called with an event's kind and facts.
Tell = Callable[[str, dict[str, Any]], None]

_SECONDS_BETWEEN_STEPS = 0.25
#: A machine that went down gives its locks on a shared disk free after some 90 seconds.
_SECONDS_FOR_OTHERS = 150.0

#: What the backends and numerical libraries read their number of threads from.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC")


def job_variables(threads: int) -> dict[str, str]:
    """The environment variables of a process that computes with so many threads, and lets TensorFlow keep quiet.

    They count only where they are set before it loads its libraries.
    """
    return {**os.environ, **dict.fromkeys(_THREADS, str(threads)), "TF_CPP_MIN_LOG_LEVEL": "3"}


def load() -> None:
    """Import what `run_job` uses, before it is forked."""
    import matplotlib.figure  # noqa: F401
    import tensorboard.plugins.hparams.api_pb2
    import tensorboard.summary  # noqa: F401

    import chestnut.inference.evaluate
    import chestnut.jobs.benchmark
    import chestnut.training.finetune
    import chestnut.training.tracking.registry
    import chestnut.training.train  # noqa: F401


def run_job(job: Job, tell: Tell) -> str:
    """Make a run, or go on with it, judge it on what is held out, and measure what a comparison wants to know of it.

    Args:
        job: The run.
        tell: Told of `stage`, `start`, `batch` and `epoch`.

    Returns:
        `finished` or `stopped`.

    Raises:
        ChestnutError: As training does.
    """
    from chestnut.inference.evaluate import evaluate_run
    from chestnut.jobs.benchmark import measure
    from chestnut.runs.folder import RunFolder
    from chestnut.training.tracking.registry import reopen_trackers
    from chestnut.training.train import Setup, resume

    relay = _Relay(tell)
    trackers = reopen_trackers(job.track, job.folder)
    setup = Setup(job.folder, audited=False, command=job.command, bars=relay.bar, observers=(relay,), trackers=trackers)
    if not job.folder.exists():
        run = _begun(job, setup)
    else:
        run = RunFolder.open(job.folder)
        run = run if run.finished else resume(setup)
    if run.finished:
        if job.holdout and not _judged(run):
            run.update(holdout=job.holdout)
            evaluate_run(run, "test", command=job.command, bars=relay.bar)
        if job.measured and not _measured(run):
            run.update(**measure(run))
    return str(run.record.status)


def complete(job: Job) -> bool:
    """Whether a job has nothing left to do."""
    from chestnut.runs.folder import RunFolder

    run = RunFolder(job.folder)
    return run.finished and (_judged(run) or not job.holdout) and (_measured(run) or not job.measured)


def _judged(run: RunFolder) -> bool:
    """Whether the run has been judged on what is held out."""
    return "test" in run.evaluations()


def _measured(run: RunFolder) -> bool:
    return run.record.images_a_second is not None


def _begun(job: Job, setup: Any) -> Any:
    """Make a run from its first epoch on."""
    from chestnut.config import Recipe
    from chestnut.data.manifest import Manifest
    from chestnut.files.json_files import read_json
    from chestnut.runs.folder import RunFolder
    from chestnut.training.train import train

    if job.start is not None:
        from chestnut.training.finetune import finetune

        return finetune(RunFolder.open(job.start), setup)
    recipe = Recipe.from_toml(job.recipe, job.name)
    return train(Manifest.read(job.manifest, read_json(job.facts)), recipe, setup)


class _Relay:
    """An observer of training that passes on what it is told, steps within an epoch or a stage only now and then."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._last = 0.0

    def start(self, recipe: Any, done: int, batches: int) -> None:
        self._tell("start", {"epochs": recipe.train.epochs, "batches": batches, "done": done})

    def batch(self, done: int) -> None:
        self._step("batch", {"done": done})

    @contextlib.contextmanager
    def bar(self, label: str) -> Iterator[Tick]:
        self._tell("stage", {"label": label, "done": 0, "total": 0})
        yield lambda done, total: self._step("stage", {"label": label, "done": done, "total": total})

    def _step(self, kind: str, facts: dict[str, Any]) -> None:
        if time.monotonic() - self._last >= _SECONDS_BETWEEN_STEPS:
            self._last = time.monotonic()
            self._tell(kind, facts)

    def epoch(self, row: dict[str, Any], best: bool) -> None:
        self._tell("epoch", {"row": row, "best": best})


def main() -> None:
    """Do the job that standard input names."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored from birth where a shell runs in the background
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # blocked from birth under Ray
    with _events() as stream:

        def tell(kind: str, facts: dict[str, Any]) -> None:
            stream.write(json.dumps({"kind": kind, "facts": facts}) + "\n")
            stream.flush()

        job = Job.from_json(sys.stdin.readline())
        threading.Thread(target=_end_with_engine, daemon=True).start()
        try:
            with _sole(job):
                tell("end", {"status": run_job(job, tell), "error": ""})
        except ChestnutError as error:
            tell("end", {"status": "failed", "error": " ".join(str(error).split())})
        except KeyboardInterrupt:
            tell("end", {"status": "stopped", "error": ""})
        except Exception as error:  # noqa: BLE001 - whatever a job dies of, the others go on
            traceback.print_exc()
            tell("end", {"status": "failed", "error": " ".join(f"{type(error).__name__}: {error}".split())[:300]})


@contextlib.contextmanager
def _sole(job: Job) -> Iterator[None]:
    """Keep others from the job's folder meanwhile, on other machines too where they share the disk.

    A process that did the job before may be about to end: its engine died, or Ray gave it up. It is waited for.

    Raises:
        RunError: It does not end.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where two processes are not told apart
        yield
        return
    job.folder.parent.mkdir(parents=True, exist_ok=True)
    number = int.from_bytes(hashlib.sha256(job.folder.name.encode()).digest()[:7])
    until = time.monotonic() + _SECONDS_FOR_OTHERS
    with (job.folder.parent / ".jobs.lock").open("w") as file:  # one file for all: each job locks a byte of its own
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
                break
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):  # a disk without locks
                    break
                if time.monotonic() > until:
                    raise RunError(f"{job.folder} is in use by another process; wait for it or end it") from error
                time.sleep(0.1)
        yield


@contextlib.contextmanager
def _events() -> Iterator[IO[str]]:
    """Standard output as it was given; what is printed from now on goes to standard error."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)
        yield stream


def _end_with_engine() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
