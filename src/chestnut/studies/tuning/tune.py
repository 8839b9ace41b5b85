"""Search a recipe's space for better settings, trial by trial, and test whether the best is better.

All results are kept in a `TuneFolder`. After a kill at any moment, the same call resumes: trials that were running
continue from the last epoch of their runs, and no trial is lost or repeated. A call for more trials extends the search.
"""

from __future__ import annotations

from chestnut.jobs.run_all import JobOptions
from chestnut.studies.tuning.plan import TuneFolder
from chestnut.studies.tuning.precision_probe import resolve_precision
from chestnut.studies.tuning.result import Tuning
from chestnut.studies.tuning.schedule import Schedule
from chestnut.studies.tuning.summary import make_tuning, write_tuning
from chestnut.studies.tuning.trials import open_trials


def tune(folder: TuneFolder, options: JobOptions) -> Tuning:
    """Run the trials that a search still lacks, and compare the best with the recipe's own settings.

    Args:
        folder: The folder, made by `TuneFolder.begin`.
        options: The engine that runs the jobs, and how their runs are recorded and shown.

    Returns:
        All trials, and whether the best is better.

    Raises:
        RunError: No trial has finished, or another process uses the folder.
        DiskError: The disk is full; finished work is kept.
        KeyboardInterrupt: Ctrl-C was pressed; finished work is kept.
    """
    from chestnut.training.tracking.tensorboard import write_experiment

    with folder.lock():
        precision = folder.plan.precision
        folder.check_files()
        if precision is None:
            folder.set_precision(_choose_precision(folder, options))
        plan = folder.plan
        if not folder.tensorboard.exists():
            write_experiment(folder.tensorboard, tuple(plan.recipe.search), f"final/{plan.objective}")
        with open_trials(folder, plan) as trials:
            schedule = Schedule(folder, options, trials)
            schedule.run_all()
            result = make_tuning(folder, trials, schedule.default_error, options.engine.parallel)
            write_tuning(folder, result)
            return result


def _choose_precision(folder: TuneFolder, options: JobOptions) -> str:
    """Return the precision of all runs; on a GPU each run chooses for itself, by the kind of GPU."""
    plan = folder.plan
    if options.engine.gpus:
        return plan.recipe.train.precision
    return resolve_precision(plan.recipe, len(folder.facts["classes"]), plan.threads)
