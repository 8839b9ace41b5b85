"""Do the work of one job in this process: train or continue its run, evaluate it, and measure it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from chestnut.jobs.job import Job
from chestnut.models.backend.choice import choose_backend
from chestnut.progress import Tick

if TYPE_CHECKING:
    from chestnut.runs.folder import RunFolder
    from chestnut.training.train import Setup

#: Receives the kind and the facts of an event.
Notify = Callable[[str, dict[str, Any]], None]

_SECONDS_BETWEEN_STEPS = 0.25


def load_libraries() -> None:
    """Import what `run_job` uses, so that a fork has it already."""
    choose_backend()
    import matplotlib.figure  # noqa: F401
    import tensorboard.plugins.hparams.api_pb2
    import tensorboard.summary  # noqa: F401

    import chestnut.inference.evaluate
    import chestnut.jobs.benchmark
    import chestnut.training.finetune
    import chestnut.training.tracking.registry
    import chestnut.training.train  # noqa: F401


def run_job(job: Job, notify: Notify) -> str:
    """Make the run of a job or continue it, evaluate it on its hold-out, and measure its network.

    Args:
        job: The job.
        notify: Receives the events `stage`, `start`, `batch` and `epoch`.

    Returns:
        `finished` or `stopped`.

    Raises:
        ChestnutError: The run cannot be trained; see `training.train.train` and `resume`.
    """
    choose_backend()
    from chestnut.files.folders import remove_folder
    from chestnut.inference.evaluate import evaluate_run
    from chestnut.jobs.benchmark import measure
    from chestnut.runs.folder import RunFolder
    from chestnut.training.tracking.registry import reopen_trackers
    from chestnut.training.train import Setup, can_resume, resume

    relay = _Relay(notify)
    trackers = reopen_trackers(job.track, job.folder)
    setup = Setup(
        job.folder,
        audited=False,
        command=job.command,
        bars=relay.bar,
        observers=(relay,),
        trackers=trackers,
        for_use=False,  # most runs of a study are only compared, and under a large backbone a guard takes minutes
    )
    run = RunFolder.open(job.folder) if job.folder.exists() else None
    if run is None:
        run = _train(job, setup)
    elif not run.finished and not can_resume(run):
        remove_folder(run.path)  # an older chestnut was killed before it had saved anything
        run = _train(job, setup)
    elif not run.finished:
        run = resume(setup)
    if run.finished:
        run.remove_state()
        if job.holdout and not _is_evaluated(run):
            run.update(holdout=job.holdout)
            evaluate_run(run, "test", command=job.command, bars=relay.bar)
        if job.measured and not _is_measured(run):
            run.update(**measure(run))
    return str(run.record.status)


def is_complete(job: Job) -> bool:
    """Return whether a job has nothing left to do."""
    from chestnut.runs.folder import RunFolder

    run = RunFolder(job.folder)
    return run.finished and (_is_evaluated(run) or not job.holdout) and (_is_measured(run) or not job.measured)


def _is_evaluated(run: RunFolder) -> bool:
    """Return whether the run has been evaluated on its hold-out."""
    return "test" in run.evaluations()


def _is_measured(run: RunFolder) -> bool:
    return run.record.images_a_second is not None


def _train(job: Job, setup: Setup) -> RunFolder:
    """Make a run from its first epoch."""
    from chestnut.config import Recipe
    from chestnut.data.facts import ManifestFacts
    from chestnut.data.manifest import Manifest
    from chestnut.files.json_files import read_json
    from chestnut.runs.folder import RunFolder
    from chestnut.training.train import train

    if job.start is not None:
        from chestnut.training.finetune import finetune

        return finetune(RunFolder.open(job.start), setup)
    recipe = Recipe.from_toml(job.recipe, job.name)
    return train(Manifest.read(job.manifest, read_json(job.facts, ManifestFacts)), recipe, setup)


class _Relay:
    """An observer of training that passes events on; steps within an epoch or a stage at most four times a second."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._last = 0.0

    def start(self, recipe: Any, done: int, batches: int) -> None:
        self._notify("start", {"epochs": recipe.train.epochs, "batches": batches, "done": done})

    def batch(self, done: int) -> None:
        self._notify_step("batch", {"done": done})

    @contextlib.contextmanager
    def bar(self, label: str) -> Iterator[Tick]:
        self._notify("stage", {"label": label, "done": 0, "total": 0})
        yield lambda done, total: self._notify_step("stage", {"label": label, "done": done, "total": total})

    def _notify_step(self, kind: str, facts: dict[str, Any]) -> None:
        if time.monotonic() - self._last >= _SECONDS_BETWEEN_STEPS:
            self._last = time.monotonic()
            self._notify(kind, facts)

    def epoch(self, row: dict[str, Any], best: bool) -> None:
        self._notify("epoch", {"row": row, "best": best})
