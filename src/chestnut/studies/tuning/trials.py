"""`Trials`: the trials of a search in Optuna's storage, which outlives a kill at any moment.

Called by `tune` and `outcome`; calls `settings` and Optuna. A trial enters the storage whole, with all its settings,
and stays `running` there until it is told how it ended, so that a search that was killed finds it and goes on with it.
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
from chestnut.studies.tuning.sampling import Values, distribution, next_settings, own_values, values_of

_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "running",
}
#: Fewer finished trials say nothing of what matters.
ENOUGH = 4
_ERROR, _STUDY = "error", "chestnut"


class Trials:
    """The trials of a search, by number; made by `opened`."""

    def __init__(self, study: optuna.Study, plan: TunePlan) -> None:
        self._study = study
        self._plan = plan

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all())

    def ask(self) -> int | None:
        """Begin another trial; gives its number, or None where every setting of the space has been tried."""
        space = self._plan.recipe.search
        drawn = next_settings(
            space,
            self._all(),
            self._study,
            bayesian=self._plan.search == "bayesian",
            seed=self._plan.recipe.seed,
            tried=[own_values(self._plan.recipe)],
        )
        if drawn is None:
            return None
        distributions = {key: distribution(one) for key, one in space.items()}
        number = len(self)
        self._study.add_trial(create_trial(state=TrialState.RUNNING, params=drawn, distributions=distributions))
        return number

    def running(self) -> list[int]:
        """Numbers of the trials that have not ended."""
        return [trial.number for trial in self._all() if self.state(trial.number) == "running"]

    def values(self, number: int) -> Values:
        """A trial's settings by recipe field."""
        return values_of(self._plan.recipe.search, self._all()[number].params)

    def state(self, number: int) -> State:
        """How a trial stands."""
        return _STATES[self._all()[number].state]

    def error(self, number: int) -> str:
        """Why a trial failed."""
        return str(self._all()[number].user_attrs.get(_ERROR, ""))

    def score(self, number: int) -> float | None:
        """A trial's score; of a pruned one what it had reached; None where there is none."""
        return self._all()[number].value

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Take in the objective after an epoch, and say whether the trial is worth no more of them.

        What is kept, and judged by, is the best value so far: it is what the run would keep if it ended here.
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
        """Note how a trial ended."""
        self._study.tell(self._trial(number), score)

    def prune(self, number: int) -> None:
        """Note that a trial was stopped for being among the worse ones."""
        self._study.tell(self._trial(number), state=TrialState.PRUNED)

    def fail(self, number: int, error: str) -> None:
        """Note that a trial failed, and why."""
        trial = self._trial(number)
        trial.set_user_attr(_ERROR, error)
        self._study.tell(trial, state=TrialState.FAIL)

    def importance(self) -> dict[str, float]:
        """Share of the objective's variance that each field explains, by fANOVA, the largest first.

        Empty where too few trials finished, or all did equally well.
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
def opened(folder: TuneFolder, plan: TunePlan) -> Iterator[Trials]:
    """Open the storage of a search for the block, and turn its faults into chestnut's own.

    Raises:
        DiskError: The disk is full or may not be written.
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
    """The study of a search in a storage, made where it is missing."""
    return optuna.create_study(
        storage=storage,
        study_name=_STUDY,
        direction="minimize" if plan.smaller_is_better else "maximize",
        # Random, as in the paper: each bracket is a search of its own, too short for another to learn from.
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=plan.recipe.train.epochs)
        if plan.search == "hyperband"
        else optuna.pruners.NopPruner(),
        load_if_exists=True,
    )


def _fault(error: BaseException, folder: TuneFolder) -> ChestnutError:
    """What is wrong with the storage, in a line."""
    reason: BaseException | None = error
    while reason is not None and not isinstance(reason, sqlite3.Error):
        reason = reason.__cause__ or reason.__context__
    said, path = " ".join(str(reason or error).split()), folder.study_file
    if any(word in said for word in ("full", "disk I/O", "readonly", "read-only", "unable to open")):
        return DiskError(f"cannot write {path}: {said}; free some space or see to its permissions, then go on")
    if "locked" in said:
        return RunError(f"{path} is locked by another process; end it, then go on")
    return RunError(f"{path} cannot be used ({said}); restore it from a copy, or begin a new search in another folder")
