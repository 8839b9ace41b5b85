"""Train a recipe once for each fold, and evaluate every image with the run that has not seen its patient.

All results are kept in a `CrossFolder`. After a kill at any moment, the same call resumes.

A held-out fold decides nothing: its run splits the patients of the other folds again into train and val, chooses its
epoch by that val alone, and is evaluated on the fold once, at its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from chestnut.errors import RunError
from chestnut.evaluation.metrics import evaluate
from chestnut.figures.comparison import forest_figure, learning_figure
from chestnut.figures.evaluation import draw_evaluation
from chestnut.figures.saving import save_both
from chestnut.files.json_files import write_json
from chestnut.jobs.job import Job
from chestnut.jobs.run_all import JobOptions, run_all
from chestnut.runs.evaluations import read_evaluation
from chestnut.runs.predictions import PredictionTable
from chestnut.studies.crossval.plan import CrossFolder, CrossPlan, FoldRun
from chestnut.studies.crossval.result import CrossValidation, FoldResult, compute_spread

if TYPE_CHECKING:
    from chestnut.evaluation.intervals.estimate import Estimate

_GUESSING = 0.5  # the AUROC of answers that do not depend on the image


def crossval(folder: CrossFolder, options: JobOptions) -> CrossValidation:
    """Train the runs that a cross-validation still lacks, and evaluate all folds.

    Args:
        folder: The folder, made by `CrossFolder.begin`.
        options: The engine that runs the jobs, and how their runs are recorded and shown.

    Returns:
        The figures of each fold and of all folds together.

    Raises:
        RunError: A run has failed, so that its fold has no predictions; or another process uses the folder.
        KeyboardInterrupt: Ctrl-C was pressed; finished work is kept.
    """
    with folder.lock():
        plan = folder.plan
        folder.check_files()
        failures = run_all(_make_jobs(folder, plan, options), options)
        if failures:
            name, why = next(iter(failures.items()))
            raise RunError(
                f"{len(failures)} of {len(plan.parts)} runs failed, the first {name}: {why}; "
                "the others are kept, and the same command resumes"
            )
        parts = tuple(_read_result(folder, part) for part in plan.parts)
        table = _read_predictions(folder, plan, parts[0].evaluation.classes)
        result = _combine(folder, plan, parts, table)
        _draw_figures(folder, result, table)
        table.save(folder.predictions_file)
        write_json(folder.result_file, result.to_dict())
        return result


def _make_jobs(folder: CrossFolder, plan: CrossPlan, options: JobOptions) -> Iterator[Job]:
    """Yield a job for each fold: all folds of the first repeat come before any of the second."""
    for part in plan.parts:
        rows, facts = folder.images(part)
        job = folder.make_job(folder.run(part), plan.recipe.changed([f"seed={part.seed}"]), plan, options)
        yield replace(job, manifest=rows, facts=facts, holdout=plan.describe(part))


def _read_predictions(folder: CrossFolder, plan: CrossPlan, classes: tuple[str, ...]) -> PredictionTable:
    """Read what each run predicted for its fold, with columns for the fold and the repeat."""
    frames = []
    for part in plan.parts:
        frame = folder.run(part).predictions("test", classes).sorted_by_path().frame.drop(columns="split")
        frame.insert(3, "fold", part.fold)
        frame.insert(4, "repeat", part.repeat)
        frames.append(frame)
    return PredictionTable(pd.concat(frames, ignore_index=True), classes)


def _combine(
    folder: CrossFolder, plan: CrossPlan, parts: tuple[FoldResult, ...], table: PredictionTable
) -> CrossValidation:
    first = parts[0].evaluation
    pooled = evaluate(
        table.targets,
        table.probabilities,
        table.patients,
        table.classes,
        positive=first.positive,
        threshold=0.5 if first.threshold is None else first.threshold,
    )
    return CrossValidation(
        recipe=plan.recipe.name,
        folds=plan.folds,
        repeats=plan.repeats,
        seed=plan.recipe.seed,
        pooled=pooled,
        spread=compute_spread(parts),
        parts=parts,
        warnings=tuple(_warn_of_guessing(folder, parts)),
        notes=_make_notes(plan),
    )


def _read_result(folder: CrossFolder, part: FoldRun) -> FoldResult:
    run = folder.run(part)
    record = run.record
    return FoldResult(
        name=part.name,
        repeat=part.repeat,
        fold=part.fold,
        seed=part.seed,
        epochs=record.epochs or 0,
        best_epoch=record.best_epoch or 0,
        evaluation=read_evaluation(run, "test"),
    )


def _warn_of_guessing(folder: CrossFolder, parts: Sequence[FoldResult]) -> Iterator[str]:
    """Yield a warning for each run that may have learnt nothing: it lowers the figures of all folds."""
    for part in parts:
        area = part.evaluation.metrics["auroc"]
        if area.low is not None and area.low <= _GUESSING:
            yield (
                f"{part.name} is no better than guessing, AUROC {area}: chestnut diagnose {folder.path / part.name} "
                "gives possible reasons."
            )


def _make_notes(plan: CrossPlan) -> tuple[str, ...]:
    """Return what a reader must know about how the figures were made."""
    train, val, _ = plan.recipe.data.fractions
    notes = [
        f"Each run saw only the other folds: {val / (train + val):.0%} of their patients chose its epoch, the others "
        "trained it. The fold on which it was evaluated decided nothing.",
        "Folds are made by patient and balanced by class. Each run has its own seed, so the figures of folds differ by "
        "patients, seed and training images.",
        "The intervals of a fold and of all folds together are for other patients and these networks; that of the mean "
        "over folds is for other networks of the recipe too. It leaves out that training sets overlap, of which no "
        "unbiased estimate exists (Bengio and Grandvalet 2004, JMLR 5:1089-1105). The deviation over folds (sd) is how "
        "much they differ, not a standard error.",
        "Figures of all folds together rank images scored by different networks against each other. If they are worse "
        "than those of every fold, the networks' probabilities are on different scales.",
        "The networks were trained on a part of the data; one trained on all of it would most likely be a little "
        "better.",
    ]
    if plan.repeats > 1:
        notes.append(f"Every image was predicted {plan.repeats} times; intervals count its patient once.")
    return tuple(notes)


def _draw_figures(folder: CrossFolder, result: CrossValidation, table: PredictionTable) -> None:
    estimates: dict[str, tuple[Estimate, int | None]] = {"all folds": (result.pooled.metrics["auroc"], None)}
    histories: dict[str, list[pd.DataFrame]] = {}
    runs = {part.name: folder.run(part) for part in folder.plan.parts}
    for part in result.parts:
        several = result.repeats > 1
        label = f"fold {part.fold}, repeat {part.repeat}" if several else f"fold {part.fold}"
        estimates[label] = (part.evaluation.metrics["auroc"], None)
        histories.setdefault(f"repeat {part.repeat}" if several else label, []).append(runs[part.name].history)
    subtitle = "each fold is evaluated with the run that has not seen its patients"
    save_both(forest_figure(estimates, where="held-out images", subtitle=subtitle), folder.figures / "auroc.png")
    save_both(learning_figure(histories), folder.figures / "curves.png")
    draw_evaluation(folder.figures, result.pooled, table.targets, table.probabilities, table.patients)
