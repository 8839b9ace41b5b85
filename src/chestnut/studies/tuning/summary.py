"""Read the trials of a search, test the best against the recipe's own settings, and write the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import mean
from typing import Any

from chestnut.config import Choice
from chestnut.errors import RunError
from chestnut.evaluation.metric_names import in_words
from chestnut.evaluation.metrics import point_metrics
from chestnut.evaluation.selection_bias import OBJECTIVES, Gain, gain_in_words, gain_of_chosen
from chestnut.figures.saving import remove_both, save_both
from chestnut.figures.search import history_figure, importance_figure, parallel_figure
from chestnut.files.atomic import write_text
from chestnut.files.csv_files import csv_text
from chestnut.files.json_files import write_json
from chestnut.runs.folder import RunFolder
from chestnut.studies.pooled_predictions import pool_predictions
from chestnut.studies.tuning.plan import DEFAULT_TRIAL, TuneFolder, TunePlan
from chestnut.studies.tuning.result import Trial, Tuning
from chestnut.studies.tuning.sampling import recipe_values
from chestnut.studies.tuning.trials import ENOUGH, Trials

_SEARCHED = {
    "random": "Trials were drawn at random.",
    "bayesian": "Trials were drawn by a tree-structured Parzen estimator, which learns from earlier trials.",
    "hyperband": "Trials were drawn at random, and those that were behind after few epochs were stopped (Hyperband).",
}


def read_score(run: RunFolder, objective: str) -> float:
    """Return the objective of a finished run at the epoch that it kept; NaN if it is undefined.

    A loss is that at temperature 1, since the temperature was fitted to the images that it is taken from.
    """
    held = run.metrics("val")
    if objective == "loss" and held.get("temperature", 1.0) != 1:
        pooled = pool_predictions({"": [run]}, calibrated=False)
        return point_metrics(pooled.targets, pooled.probabilities[""][0])["loss"]
    value = held["metrics"][objective]["value"]
    return float("nan") if value is None else float(value)


def make_tuning(folder: TuneFolder, trials: Trials, default_error: str, parallel: int) -> Tuning:
    """Compare the trials of a search and describe the result.

    Args:
        folder: The folder of the search.
        trials: Its trials, all of which have ended.
        default_error: Why the recipe's own settings have no result; empty if they have one.
        parallel: How many runs shared the machine.

    Raises:
        RunError: No trial has finished.
    """
    plan = folder.plan
    all_trials = tuple(_read_trial(folder, plan, trials, number) for number in range(len(trials)))
    finished = [trial for trial in all_trials if trial.state == "finished"]
    if not finished:
        why = next((f"; the first, {trial.name}: {trial.error}" for trial in all_trials if trial.error), "")
        raise RunError(f"none of the {len(all_trials)} trials has finished, so there is no best{why}")
    best = _choose_best(finished, plan)
    default = None if default_error else _read_default(folder, plan)
    gain = _compute_gain(folder, plan, default, finished)
    importance = trials.importance()
    return Tuning(
        recipe=plan.recipe.name,
        search=plan.search,
        objective=plan.objective,
        executions=plan.executions,
        space={key: str(one) for key, one in plan.recipe.search.items()},
        trials=all_trials,
        default=default,
        best=best.number,
        importance=importance,
        gain=gain,
        sentences=describe_result(plan, best, default, gain, importance, default_error),
        notes=_make_notes(plan, all_trials, importance, parallel),
    )


def write_tuning(folder: TuneFolder, result: Tuning) -> None:
    """Write the table, the figures, the best recipe and, last, the result itself.

    Raises:
        DiskError: The disk is full or not writable.
    """
    plan, default = folder.plan, None if result.default is None else result.default.score
    save_both(history_figure(result.trials, result.objective, default), folder.figures / "history.png")
    log = {key for key, one in plan.recipe.search.items() if not isinstance(one, Choice) and one.log}
    fields = tuple(result.space)
    parallel = parallel_figure(result.trials, fields, result.objective, result.best, default, log)
    save_both(parallel, folder.figures / "parallel.png")
    if result.importance:
        save_both(importance_figure(result.importance, result.objective), folder.figures / "importance.png")
    else:
        remove_both(folder.figures / "importance.png")
    write_text(folder.table_file, csv_text(result.table))
    best = next(trial for trial in result.trials if trial.number == result.best)
    write_text(folder.best_file, _format_best_recipe(folder, plan, best))
    write_json(folder.result_file, result.to_dict())


def _format_best_recipe(folder: TuneFolder, plan: TunePlan, best: Trial) -> str:
    """Return the recipe of the best trial as TOML, with a head that says where it comes from."""
    summary = f"{best.name} of a {plan.search} search around {plan.recipe.name}"
    recipe = plan.recipe_of(best.values, plan.recipe.seed).with_values(
        {
            "name": f"{plan.recipe.name}-tuned",
            "summary": summary,
            "source": f"chestnut tune, {best.name} in {folder.path}",
        }
    )
    head = (
        f"{recipe.name}: {summary}",
        f"Found in: {folder.path}, by chestnut tune",
        f"Score:    {_format_score(best, plan)}; too good, since it chose the trial",
        f"Command:  chestnut train DATA --recipe {folder.best_file} --threads {plan.threads}",
    )
    return "".join(f"# {line}\n" for line in head) + "\n" + recipe.to_toml()


def _read_trial(folder: TuneFolder, plan: TunePlan, trials: Trials, number: int) -> Trial:
    state = trials.state(number)
    scores, rest = _read_runs(folder, plan, number)
    if state == "pruned":
        reached = trials.score(number)
        scores = () if reached is None else (reached,)
    return Trial(
        number=number,
        state=state,
        values=trials.values(number),
        score=mean(scores) if scores else None,
        scores=scores,
        error=trials.error(number),
        **rest,
    )


def _read_default(folder: TuneFolder, plan: TunePlan) -> Trial | None:
    """Return the recipe's own settings as a trial; None unless all their runs have finished."""
    scores, rest = _read_runs(folder, plan, DEFAULT_TRIAL)
    if len(scores) < plan.executions:
        return None
    return Trial(DEFAULT_TRIAL, "finished", recipe_values(plan.recipe), mean(scores), scores, **rest)


def _read_runs(folder: TuneFolder, plan: TunePlan, number: int) -> tuple[tuple[float, ...], dict[str, Any]]:
    """Return the scores of a trial's finished runs, and the epochs, seconds and names of all that were started."""
    runs = [run for seed in plan.seeds if (run := folder.run(number, seed)).environment_file.is_file()]
    scores = tuple(read_score(run, plan.objective) for run in runs if run.finished)
    return scores, {
        "epochs": sum(len(run.history) for run in runs),
        "seconds": sum(run.record.job_seconds or 0.0 for run in runs),
        "runs": tuple(run.path.name for run in runs),
    }


def _choose_best(finished: Sequence[Trial], plan: TunePlan) -> Trial:
    """Return the trial with the best score; the first of equal ones."""
    sign = 1 if plan.smaller_is_better else -1
    return min(finished, key=lambda trial: (sign * (trial.score or 0.0), trial.number))


def _compute_gain(folder: TuneFolder, plan: TunePlan, default: Trial | None, finished: Sequence[Trial]) -> Gain | None:
    if default is None:
        return None
    runs = {trial.name: [RunFolder(folder.path / name) for name in trial.runs] for trial in (default, *finished)}
    pooled = pool_predictions(runs, calibrated=plan.objective != "loss")
    own, *candidates = pooled.probabilities.values()
    return gain_of_chosen(
        pooled.targets, pooled.patients, own, candidates, metric=plan.objective, seed=plan.recipe.seed
    )


def describe_result(
    plan: TunePlan,
    best: Trial,
    default: Trial | None,
    gain: Gain | None,
    importance: dict[str, float],
    default_error: str,
) -> tuple[str, ...]:
    """Describe the result of a search in sentences; the first says whether the best trial beats the default.

    Args:
        plan: The plan of the search.
        best: The best trial.
        default: The trial of the recipe's own settings; None if they have no result.
        gain: The lead of the best trial over the default; None if there is no default.
        importance: The share of the objective's variance that each field explains, largest first; may be empty.
        default_error: Why the recipe's own settings have no result; empty if they have one.
    """
    words = in_words(plan.objective)
    settings = ", ".join(f"{key} = {_format_value(value)}" for key, value in best.values.items())
    sentences = []
    if gain is not None:
        sentences.append(_capitalize(gain_in_words(gain, best.name, f"the recipe {plan.recipe.name}")))
    else:
        why = f": {default_error}" if default_error else ""
        sentences.append(
            f"Whether {best.name} is better than {plan.recipe.name} is unknown: the recipe's own settings have no "
            f"result{why}."
        )
    own = "" if default is None else f"; the recipe's own settings have {_format_score(default, plan)}"
    sentences.append(f"{_capitalize(best.name)} has the best score, {_format_score(best, plan)}, with {settings}{own}.")
    if importance:
        shares = ", ".join(f"{key} {share:.0%}" for key, share in list(importance.items())[:3])
        sentences.append(f"Of the differences in {words} between trials, these explain most (fANOVA): {shares}.")
    return tuple(sentences)


def _make_notes(
    plan: TunePlan, trials: Sequence[Trial], importance: dict[str, float], parallel: int
) -> tuple[str, ...]:
    """Return what a reader must know about how the result was made."""
    states = Counter(trial.state for trial in trials)
    words, kept = in_words(plan.objective), "highest" if OBJECTIVES[plan.objective] else "lowest"
    notes = [
        f"{_SEARCHED[plan.search]} Of {len(trials)} trials {states['finished']} finished, {states['pruned']} were "
        f"stopped early and {states['failed']} failed.",
        f"Every run, including the default's, kept the epoch with the {kept} validation {words}, whatever "
        f"metric the recipe names, and had at most {plan.recipe.train.epochs} epochs.",
        "Scores belong to the validation images that chose epochs and trials, so they are too good; the corrected gain "
        "removes the effect of choosing the trial. The test images were not used.",
    ]
    if plan.executions == 1:
        notes.append("Each trial was trained once: with another seed, another may be best. executions=3 shows that.")
    if len(trials) < plan.trials:
        notes.append(f"The space contains only these {len(trials)} settings besides the recipe's own.")
    if not importance:
        notes.append(
            f"The importance of the fields is unknown: fewer than {ENOUGH} trials finished, or all were equally good."
        )
    if parallel > 1 and plan.search != "random":
        notes.append(
            f"{parallel} runs shared the machine, and what a trial could learn from others depended on which had "
            "ended: the same search may draw other trials next time."
        )
    failed = [trial for trial in trials if trial.state == "failed"]
    notes += [f"{_capitalize(trial.name)} failed: {trial.error}" for trial in failed[:3]]
    if len(failed) > 3:
        notes.append(f"{len(failed) - 3} more failed; trials.csv says why.")
    return tuple(notes)


def _format_score(trial: Trial, plan: TunePlan) -> str:
    mean_of = f", the mean of {len(trial.scores)} executions" if len(trial.scores) > 1 else ""
    return f"validation {in_words(plan.objective)} {trial.score:.4f}{mean_of}"


def _format_value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
