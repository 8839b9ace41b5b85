"""The trials of a search in Optuna's storage, which survives a kill at any moment.

A trial is stored complete, with all its settings, and stays `running` until its end is recorded, so a search that was
killed finds it and resumes it.
"""

from __future__ import annotations

import logging
import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from chestnut.errors import ChestnutError, DiskError, RunError
from chestnut.studies.tuning.plan import TuneFolder, TunePlan
from chestnut.studies.tuning.result import State
from chestnut.studies.tuning.sampling import Values, next_settings, recipe_values, to_distribution, to_recipe_values

_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "running",
}
#: With fewer finished trials, importances mean nothing.
ENOUGH = 4
_ERROR, _STUDY = "error", "chestnut"


class Trials:
    """The trials of a search, by number; see `open_trials`."""

    def __init__(self, study: optuna.Study, plan: TunePlan) -> None:
        self._study = study
        self._plan = plan

    def __len__(self) -> int:
        """Return the number of trials."""
        return len(self._all())

    def ask(self) -> int | None:
        """Start another trial and return its number, or None if all settings of the space have been tried."""
        space = self._plan.recipe.search
        drawn = next_settings(
            space,
            self._all(),
            self._study,
            bayesian=self._plan.search == "bayesian",
            seed=self._plan.recipe.seed,
            tried=[recipe_values(self._plan.recipe)],
        )
        if drawn is None:
            return None
        distributions = {key: to_distribution(one) for key, one in space.items()}
        number = len(self)
        self._study.add_trial(create_trial(state=TrialState.RUNNING, params=drawn, distributions=distributions))
        return number

    def running(self) -> list[int]:
        """Return the numbers of the trials that have not ended."""
        return [trial.number for trial in self._all() if self.state(trial.number) == "running"]

    def values(self, number: int) -> Values:
        """Return a trial's settings by recipe field."""
        return to_recipe_values(self._plan.recipe.search, self._all()[number].params)

    def state(self, number: int) -> State:
        """Return the state of a trial."""
        return _STATES[self._all()[number].state]

    def error(self, number: int) -> str:
        """Return why a trial failed; empty if it did not."""
        return str(self._all()[number].user_attrs.get(_ERROR, ""))

    def score(self, number: int) -> float | None:
        """Return a trial's score, for a pruned trial its best value; None if there is none."""
        return self._all()[number].value

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Record the objective after an epoch, and return whether to stop the trial.

        The best value so far is recorded and compared, since the run would keep it if it ended here.
        """
        trial = self._trial(number)
        known = self._all()[number].intermediate_values
        if epoch in known:
            return False
        better = min if self._plan.smaller_is_better else max
        finite = [one for one in (*known.values(), value) if math.isfinite(one)]
        trial.report(better(finite) if finite else math.nan, epoch)
        return epoch < self._plan.recipe.train.epochs and trial.should_prune()

    def finish(self, number: int, score: float) -> None:
        """Record the score of a trial that has finished."""
        self._study.tell(self._trial(number), score)

    def prune(self, number: int) -> None:
        """Record that a trial was stopped because it was among the worse ones."""
        self._study.tell(self._trial(number), state=TrialState.PRUNED)

    def fail(self, number: int, error: str) -> None:
        """Record that a trial failed, and why."""
        trial = self._trial(number)
        trial.set_user_attr(_ERROR, error)
        self._study.tell(trial, state=TrialState.FAIL)

    def importance(self) -> dict[str, float]:
        """Return the share of the objective's variance that each field explains, by fANOVA, largest first.

        It is empty if too few trials have finished, or all were equally good.
        """
        scores = [trial.value for trial in self._all() if trial.state == TrialState.COMPLETE]
        if len(scores) < ENOUGH or len(set(scores)) == 1:
            return {}
        evaluator = FanovaImportanceEvaluator(seed=self._plan.recipe.seed)
        found = get_param_importances(self._study, evaluator=evaluator)
        return {key: float(share) for key, share in found.items()} if all(map(math.isfinite, found.values())) else {}

    def _all(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _trial(self, number: int) -> optuna.Trial:
        return optuna.Trial(self._study, self._all()[number]._trial_id)


@contextmanager
def open_trials(folder: TuneFolder, plan: TunePlan) -> Iterator[Trials]:
    """Open the storage of a search for the block, and turn its errors into chestnut's own.

    Raises:
        DiskError: The disk is full or not writable.
        RunError: The storage is damaged, or another process has locked it.
    """
    logging.getLogger("optuna").setLevel(logging.WARNING)
    url = URL.create("sqlite", database=str(folder.study_file.resolve())).render_as_string()
    storage: RDBStorage | None = None
    try:
        storage = RDBStorage(url.replace("{", "{{").replace("}", "}}"))
        yield Trials(make_study(storage, plan), plan)
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise _fault(error, folder) from error
    finally:
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


def make_study(storage: BaseStorage, plan: TunePlan) -> optuna.Study:
    """Return the study of a search in a storage, after creating it if it is missing."""
    return optuna.create_study(
        storage=storage,
        study_name=_STUDY,
        direction="minimize" if plan.smaller_is_better else "maximize",
        # Random, as in the paper: each bracket is a separate search, too short for another to learn from.
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=plan.recipe.train.epochs)
        if plan.search == "hyperband"
        else optuna.pruners.NopPruner(),
        load_if_exists=True,
    )


def _fault(error: BaseException, folder: TuneFolder) -> ChestnutError:
    """Return an error that says in one line what is wrong with the storage."""
    reason: BaseException | None = error
    while reason is not None and not isinstance(reason, sqlite3.Error):
        reason = reason.__cause__ or reason.__context__
    text, path = " ".join(str(reason or error).split()), folder.study_file
    if any(word in text for word in ("full", "disk I/O", "readonly", "read-only", "unable to open")):
        return DiskError(f"cannot write {path}: {text}; free some space or change its permissions, then resume")
    if "locked" in text:
        return RunError(f"{path} is locked by another process; end it, then resume")
    return RunError(f"{path} cannot be used ({text}); restore it from a copy, or start a new search in another folder")
