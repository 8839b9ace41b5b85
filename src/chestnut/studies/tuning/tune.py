"""Search a recipe's space for better settings, trial by trial, and test whether the best is better.

All results are kept in a `TuneFolder`. After a kill at any moment, the same call resumes: trials that were running
continue from the last epoch of their runs, and no trial is lost or repeated. A call for more trials extends the search.
"""

from __future__ import annotations

import contextlib
import math
import shutil
from collections import deque
from collections.abc import Iterator
from itertools import chain
from statistics import mean

from chestnut.errors import DiskError, RecipeError
from chestnut.files.disk_errors import mentions_full_disk
from chestnut.jobs.job import Event, Job, Reply, Result
from chestnut.jobs.run_all import JobOptions
from chestnut.runs.folder import RunFolder
from chestnut.studies.tuning.plan import TuneFolder
from chestnut.studies.tuning.precision_probe import resolve_precision
from chestnut.studies.tuning.result import Tuning
from chestnut.studies.tuning.summary import make_tuning, score_of, write_tuning
from chestnut.studies.tuning.trials import Trials, open_trials

#: The trial number of the recipe's own settings.
_OWN = -1
#: With fewer free bytes than this, a failed run is blamed on the disk.
_FULL = 16 * 2**20


def tune(folder: TuneFolder, options: JobOptions) -> Tuning:
    """Run the trials that a search still lacks, and compare the best with the recipe's own settings.

    Args:
        folder: The folder, made by `TuneFolder.begin`.
        options: The engine that runs the jobs, and what to tell it.

    Returns:
        All trials, and whether the best is better.

    Raises:
        RunError: No trial has finished, or another process uses the folder.
        DiskError: The disk is full; finished work is kept.
        KeyboardInterrupt: Ctrl-C was pressed; finished work is kept.
    """
    from chestnut.training.tracking.tensorboard import write_experiment

    with folder.lock():
        if folder.plan.precision is None:
            folder.settle(_precision(folder, options))
        plan = folder.plan
        if not folder.tensorboard.exists():
            write_experiment(folder.tensorboard, tuple(plan.recipe.search), f"final/{plan.objective}")
        with open_trials(folder, plan) as trials:
            search = _Search(folder, options, trials)
            search.run_all()
            result = make_tuning(folder, trials, search.default_error, options.engine.parallel)
            write_tuning(folder, result)
            return result


def _precision(folder: TuneFolder, options: JobOptions) -> str:
    """Return the precision of all runs; on a GPU each run chooses for itself, by the kind of GPU."""
    plan = folder.plan
    if options.engine.gpus:
        return plan.recipe.train.precision
    return resolve_precision(plan.recipe, len(folder.facts["classes"]), plan.threads)


class _Search:
    """A search in progress: the jobs that wait, and the trial of each job that is running."""

    def __init__(self, folder: TuneFolder, options: JobOptions, trials: Trials) -> None:
        self._folder = folder
        self._plan = folder.plan
        self._options = options
        self._trials = trials
        self._waiting: deque[tuple[int, int]] = deque()
        self._out: dict[str, tuple[int, int]] = {}
        self._stopped: set[str] = set()
        self.default_error = ""

    def run_all(self) -> None:
        """Run until all trials have ended."""
        self._make_ready(_OWN)
        for number in self._trials.running():
            self._catch_up(number)
            self._make_ready(number)
        # The last results of an engine that has run out of jobs may call for more jobs.
        while (first := self._next()) is not None:
            jobs = chain([first], self._jobs())
            with contextlib.closing(self._options.engine.run(jobs, self._hear)) as results:
                for result in results:
                    self._take(result)

    def _jobs(self) -> Iterator[Job]:
        while (job := self._next()) is not None:
            yield job

    def _next(self) -> Job | None:
        """Return the next job, of a running trial or of a new one; None if there is none for now."""
        while True:
            while self._waiting:
                number, seed = self._waiting.popleft()
                if not self._settled(number) and (job := self._job(number, seed)) is not None:
                    return job
            if len(self._trials) >= self._plan.trials or (asked := self._trials.ask()) is None:
                return None
            self._make_ready(asked)

    def _job(self, number: int, seed: int) -> Job | None:
        run, plan = self._folder.run(number, seed), self._plan
        try:
            recipe = plan.recipe_of({} if number == _OWN else self._trials.values(number), seed)
        except RecipeError as error:
            self._fail(number, str(error))
            return None
        self._out[run.name] = number, seed
        return Job(
            name=run.name,
            folder=run.path,
            recipe=recipe.to_toml(),
            manifest=self._folder.manifest_file,
            facts=self._folder.facts_file,
            threads=plan.threads,
            command=self._options.command,
            track=self._options.track,
            measured=False,
        )

    def _make_ready(self, number: int) -> None:
        """Queue the runs that a trial still lacks; finish the trial if it lacks none."""
        if self._settled(number):
            return
        runs = {seed: self._folder.run(number, seed) for seed in self._plan.seeds}
        lacking = [seed for seed, run in runs.items() if not run.finished]
        if lacking and self._pruning(number) and lacking[0] == self._plan.recipe.seed:
            lacking = lacking[:1]  # the others start if the first is not stopped
        self._waiting.extend((number, seed) for seed in lacking)
        if not lacking and number != _OWN:
            self._finish(number, list(runs.values()))

    def _finish(self, number: int, runs: list[RunFolder]) -> None:
        score = mean(score_of(run, self._plan.objective) for run in runs)
        if math.isfinite(score):
            self._trials.finish(number, score)
        else:
            self._fail(number, f"its {self._plan.objective} is undefined on the validation images")

    def _fail(self, number: int, error: str) -> None:
        if number == _OWN:
            self.default_error = error
        else:
            self._trials.fail(number, error)

    def _settled(self, number: int) -> bool:
        return bool(self.default_error) if number == _OWN else self._trials.state(number) != "running"

    def _pruning(self, number: int) -> bool:
        return self._plan.search == "hyperband" and number != _OWN

    def _catch_up(self, number: int) -> None:
        """Report the epochs that a killed search did not report."""
        if not self._pruning(number):
            return
        history = self._folder.run(number, self._plan.recipe.seed).history
        for row in history.to_dict("records"):
            if self._trials.report(number, int(row["epoch"]), float(row[f"val_{self._plan.objective}"])):
                self._trials.prune(number)
                return

    def _hear(self, event: Event) -> Reply | None:
        """Pass an event on; stop a run if its trial is over, or if its last epoch was too bad to continue."""
        answer = self._options.on_event(event)
        if event.kind != "epoch" or event.job not in self._out or event.job in self._stopped:
            return answer
        (number, seed), row = self._out[event.job], event.facts["row"]
        if self._pruning(number) and seed == self._plan.recipe.seed and not self._settled(number):
            value = row[f"val_{self._plan.objective}"]
            if self._trials.report(number, int(row["epoch"]), math.nan if value is None else float(value)):
                self._trials.prune(number)
        if number != _OWN and self._settled(number):
            self._stopped.add(event.job)
            return "stop"
        return answer

    def _take(self, result: Result) -> None:
        """Record the result of a job.

        Raises:
            DiskError: The job failed because the disk is full; its trial can be resumed.
        """
        number, _ = self._out.pop(result.job.name)
        self._stopped.discard(result.job.name)
        run = RunFolder(result.job.folder)
        if run.environment_file.is_file():
            run.update(job_seconds=round((run.record.job_seconds or 0.0) + result.seconds, 2))
        if self._settled(number):
            return
        if result.status != "finished":
            if self._disk_is_full(result):
                raise DiskError(f"{result.job.name} ended because the disk is full: {result.error}")
            self._fail(number, result.error or "stopped by hand")
        elif not run.finished:
            self._fail(number, f"it finished elsewhere, but is not in {run.path}")
        elif not any(one == number for one, _ in (*self._waiting, *self._out.values())):
            self._make_ready(number)

    def _disk_is_full(self, result: Result) -> bool:
        return mentions_full_disk(result.error) or shutil.disk_usage(self._folder.path).free < _FULL
