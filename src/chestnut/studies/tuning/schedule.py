"""Decide which runs of a search to train next, and record how they end.

A trial starts when there is room for another job, so that Optuna can learn from the trials that have ended by then.
"""

from __future__ import annotations

import contextlib
import math
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from statistics import mean

from chestnut.errors import DiskError, RecipeError
from chestnut.files.disk_errors import mentions_full_disk
from chestnut.jobs.job import Event, Job, Reply, Result
from chestnut.jobs.run_all import JobOptions
from chestnut.runs.folder import RunFolder
from chestnut.studies.tuning.plan import DEFAULT_TRIAL, TuneFolder
from chestnut.studies.tuning.summary import read_score
from chestnut.studies.tuning.trials import Trials

#: With fewer free bytes than this, a failed run is blamed on the disk.
_FULL = 16 * 2**20


class Schedule:
    """The runs that a search still lacks: those that wait for their turn, and those that an engine has.

    Attributes:
        default_error: Why the recipe's own settings have no result; empty if they have one or may still get one.
    """

    def __init__(self, folder: TuneFolder, options: JobOptions, trials: Trials) -> None:
        self._folder = folder
        self._plan = folder.plan
        self._options = options
        self._trials = trials
        # A run is identified by the number of its trial and its seed.
        self._waiting: deque[tuple[int, int]] = deque()
        self._running: dict[str, tuple[int, int]] = {}
        self._stopped: set[str] = set()
        self.default_error = ""

    def run_all(self) -> None:
        """Train until all trials have ended.

        Raises:
            DiskError: The disk is full; the trials in progress can be resumed.
        """
        self._queue_runs(DEFAULT_TRIAL)
        for number in self._trials.running():
            self._report_missed_epochs(number)
            self._queue_runs(number)
        # The last results of an engine that has run out of jobs may call for more jobs.
        while (first := self._next_job()) is not None:
            jobs = chain([first], self._remaining_jobs())
            with contextlib.closing(self._options.engine.run(jobs, self._listen)) as results:
                for result in results:
                    self._record(result)

    def _remaining_jobs(self) -> Iterator[Job]:
        while (job := self._next_job()) is not None:
            yield job

    def _next_job(self) -> Job | None:
        """Return the next job, of a trial in progress or of a new one; None if there is none for now."""
        while True:
            while self._waiting:
                number, seed = self._waiting.popleft()
                if not self._has_ended(number) and (job := self._make_job(number, seed)) is not None:
                    return job
            if len(self._trials) >= self._plan.trials or (asked := self._trials.ask()) is None:
                return None
            self._queue_runs(asked)

    def _make_job(self, number: int, seed: int) -> Job | None:
        """Return the job of a run; None if its settings exclude each other, which fails the trial."""
        run, plan = self._folder.run(number, seed), self._plan
        try:
            recipe = plan.recipe_of({} if number == DEFAULT_TRIAL else self._trials.values(number), seed)
        except RecipeError as error:
            self._fail(number, str(error))
            return None
        self._running[run.name] = number, seed
        job = self._folder.make_job(run, recipe, plan, self._options)
        return replace(job, measured=False)  # a search shows neither speed nor size

    def _queue_runs(self, number: int) -> None:
        """Queue the runs that a trial still lacks; finish the trial if it lacks none."""
        if self._has_ended(number):
            return
        runs = {seed: self._folder.run(number, seed) for seed in self._plan.seeds}
        lacking = [seed for seed, run in runs.items() if not run.finished]
        if lacking and self._can_be_pruned(number) and lacking[0] == self._plan.recipe.seed:
            lacking = lacking[:1]  # the others start if the first is not stopped
        self._waiting.extend((number, seed) for seed in lacking)
        if not lacking and number != DEFAULT_TRIAL:
            self._finish(number, list(runs.values()))

    def _finish(self, number: int, runs: list[RunFolder]) -> None:
        score = mean(read_score(run, self._plan.objective) for run in runs)
        if math.isfinite(score):
            self._trials.finish(number, score)
        else:
            self._fail(number, f"its {self._plan.objective} is undefined on the validation images")

    def _fail(self, number: int, error: str) -> None:
        if number == DEFAULT_TRIAL:
            self.default_error = error
        else:
            self._trials.fail(number, error)

    def _has_ended(self, number: int) -> bool:
        return bool(self.default_error) if number == DEFAULT_TRIAL else self._trials.state(number) != "running"

    def _can_be_pruned(self, number: int) -> bool:
        return self._plan.search == "hyperband" and number != DEFAULT_TRIAL

    def _report_missed_epochs(self, number: int) -> None:
        """Report the epochs that a killed search did not report."""
        if not self._can_be_pruned(number):
            return
        history = self._folder.run(number, self._plan.recipe.seed).history
        for row in history.to_dict("records"):
            if self._trials.report(number, int(row["epoch"]), float(row[f"val_{self._plan.objective}"])):
                self._trials.prune(number)
                return

    def _listen(self, event: Event) -> Reply | None:
        """Pass an event on; stop a run if its trial is over, or if its last epoch was too bad to continue."""
        answer = self._options.on_event(event)
        if event.kind != "epoch" or event.job not in self._running or event.job in self._stopped:
            return answer
        (number, seed), row = self._running[event.job], event.facts["row"]
        if self._can_be_pruned(number) and seed == self._plan.recipe.seed and not self._has_ended(number):
            value = row[f"val_{self._plan.objective}"]
            if self._trials.report(number, int(row["epoch"]), math.nan if value is None else float(value)):
                self._trials.prune(number)
        if number != DEFAULT_TRIAL and self._has_ended(number):
            self._stopped.add(event.job)
            return "stop"
        return answer

    def _record(self, result: Result) -> None:
        """Record the result of a job.

        Raises:
            DiskError: The job failed because the disk is full; its trial can be resumed.
        """
        number, _ = self._running.pop(result.job.name)
        self._stopped.discard(result.job.name)
        run = RunFolder(result.job.folder)
        if run.environment_file.is_file():
            run.update(job_seconds=round((run.record.job_seconds or 0.0) + result.seconds, 2))
        if self._has_ended(number):
            return
        if result.status != "finished":
            if self._disk_is_full(result):
                raise DiskError(f"{result.job.name} ended because the disk is full: {result.error}")
            self._fail(number, result.error or "stopped by hand")
        elif not run.finished:
            self._fail(number, f"its job ended without an error, but {run.path} contains no finished run")
        elif not any(one == number for one, _ in (*self._waiting, *self._running.values())):
            self._queue_runs(number)

    def _disk_is_full(self, result: Result) -> bool:
        return mentions_full_disk(result.error) or shutil.disk_usage(self._folder.path).free < _FULL
