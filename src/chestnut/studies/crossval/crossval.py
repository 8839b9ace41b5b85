"""`crossval`: train a recipe once a fold, and judge every image by the run that had not seen its patient.

Called by `cli`; hands jobs to an engine and keeps everything in a `CrossFolder`. A kill at any moment leaves a folder
that the same call goes on with.

A fold that is held out chooses nothing: its run splits the other folds' patients again into train and val, stops and
keeps its best epoch by that val alone, and sees the fold once, when it has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from chestnut.errors import RunError
from chestnut.evaluation.metrics import Evaluation, evaluate
from chestnut.figures.comparison import forest_figure, learning_figure
from chestnut.figures.evaluation import draw_evaluation
from chestnut.figures.saving import save
from chestnut.files.json_files import write_json
from chestnut.jobs.job import Job
from chestnut.jobs.run_all import JobOptions, run_all
from chestnut.runs.predictions import PredictionTable
from chestnut.studies.crossval.plan import CrossFolder, CrossPlan, Part, in_words
from chestnut.studies.crossval.result import CrossValidation, HeldOut, spread_over

if TYPE_CHECKING:
    from chestnut.evaluation.intervals import Estimate

_GUESSING = 0.5  # the AUROC of any answer that does not look at the image


def crossval(folder: CrossFolder, options: JobOptions) -> CrossValidation:
    """Make what a cross-validation lacks of its runs, and judge all folds.

    Args:
        folder: Begun by `CrossFolder.begin`.
        options: How.

    Raises:
        RunError: A fold's run did not end well, so that there is no prediction of its images; or another process works
            in the folder.
        KeyboardInterrupt: Ctrl-C; what has been done is kept.
    """
    with folder.owned():
        plan = folder.plan
        failures = run_all(_jobs(folder, plan, options), options)
        if failures:
            name, why = next(iter(failures.items()))
            raise RunError(
                f"{len(failures)} of {len(plan.parts)} runs did not end well, the first {name}: {why}; "
                "the others are kept, and the same command goes on"
            )
        parts = tuple(_held_out(folder, part) for part in plan.parts)
        table = _read_predictions(folder, plan, parts[0].evaluation.classes)
        result = _combine(folder, plan, parts, table)
        _draw(folder, result, table)
        table.save(folder.predictions_file)
        write_json(folder.result_file, result.to_dict())
        return result


def _jobs(folder: CrossFolder, plan: CrossPlan, options: JobOptions) -> Iterator[Job]:
    """One job a fold: all folds of the first repeat come before any of the second."""
    for part in plan.parts:
        rows, facts = folder.images(part)
        yield Job(
            name=part.name,
            folder=folder.run(part).path,
            recipe=plan.recipe.changed([f"seed={part.seed}"]).to_toml(),
            manifest=rows,
            facts=facts,
            threads=plan.threads,
            command=options.command,
            track=options.track,
            holdout=in_words(part, plan),
        )


def _read_predictions(folder: CrossFolder, plan: CrossPlan, classes: tuple[str, ...]) -> PredictionTable:
    """Read what every fold's run predicted of its fold, with columns for the fold and the repeat."""
    frames = []
    for part in plan.parts:
        path = folder.run(part).evaluation("test") / "predictions.csv"
        frame = PredictionTable.read(path, classes).sorted_by_path().frame.drop(columns="split")
        frame.insert(3, "fold", part.fold)
        frame.insert(4, "repeat", part.repeat)
        frames.append(frame)
    return PredictionTable(pd.concat(frames, ignore_index=True), classes)


def _combine(
    folder: CrossFolder, plan: CrossPlan, parts: tuple[HeldOut, ...], table: PredictionTable
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
        spread=spread_over(parts),
        parts=parts,
        warnings=tuple(_guessing(folder, parts)),
        notes=_notes(plan),
    )


def _held_out(folder: CrossFolder, part: Part) -> HeldOut:
    run = folder.run(part)
    record = run.record
    return HeldOut(
        name=part.name,
        repeat=part.repeat,
        fold=part.fold,
        seed=part.seed,
        epochs=record.epochs or 0,
        best_epoch=record.best_epoch or 0,
        evaluation=Evaluation.from_dict(run.metrics("test")),
    )


def _guessing(folder: CrossFolder, parts: Sequence[HeldOut]) -> Iterator[str]:
    """Runs that may have learnt nothing; they pull the figures of all folds down."""
    for part in parts:
        area = part.evaluation.metrics["auroc"]
        if area.low is not None and area.low <= _GUESSING:
            yield (
                f"{part.name} cannot be told from guessing, AUROC {area}: chestnut diagnose {folder.path / part.name} "
                "says why that may be."
            )


def _notes(plan: CrossPlan) -> tuple[str, ...]:
    """What a reader must know of how it was made."""
    train, val, _ = plan.recipe.data.fractions
    notes = [
        f"Each run saw the other folds alone: {val / (train + val):.0%} of their patients chose its epoch, the others "
        "trained it. The fold that it was judged on chose nothing.",
        "Folds are dealt by patient and balanced by class. Each run has a seed of its own, so that figures of folds "
        "differ by their patients, by their seed, and by what was trained on.",
        "The interval of a figure draws patients again and leaves the trained networks as they are. The deviation over "
        "folds is no standard error: training sets overlap, and no unbiased estimate of that variance exists (Bengio "
        "and Grandvalet 2004, JMLR 5:1089-1105).",
        "Figures of all folds together rank images of different networks against each other. Where folds agree and "
        "these do not, the networks' probabilities are on different scales.",
        "The figures are those of networks trained on a part of the data, and most likely a little below what one "
        "trained on all of it would reach.",
    ]
    if plan.repeats > 1:
        notes.append(f"Every image was predicted {plan.repeats} times, and its patient is drawn with all of them.")
    return tuple(notes)


def _draw(folder: CrossFolder, result: CrossValidation, table: PredictionTable) -> None:
    estimates: dict[str, tuple[Estimate, int | None]] = {"all folds": (result.pooled.metrics["auroc"], None)}
    histories: dict[str, list[pd.DataFrame]] = {}
    runs = {part.name: folder.run(part) for part in folder.plan.parts}
    for part in result.parts:
        several = result.repeats > 1
        label = f"fold {part.fold}, repeat {part.repeat}" if several else f"fold {part.fold}"
        estimates[label] = (part.evaluation.metrics["auroc"], None)
        histories.setdefault(f"repeat {part.repeat}" if several else label, []).append(runs[part.name].history)
    told = "each fold is judged by the run that had not seen its patients"
    save(forest_figure(estimates, where="held-out images", subtitle=told), folder.figures / "auroc.png")
    save(learning_figure(histories), folder.figures / "curves.png")
    draw_evaluation(folder.figures, result.pooled, table.targets, table.probabilities, table.patients)
