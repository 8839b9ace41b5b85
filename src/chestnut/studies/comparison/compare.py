"""Train several recipes on the same images for the same number of epochs, and test which are better.

All results are kept in a `ComparisonFolder`. After a kill at any moment, the same call resumes: finished runs are kept,
and interrupted runs continue from their last epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from chestnut.config import BackboneConfig
from chestnut.figures.comparison import difference_figure, forest_figure, learning_figure
from chestnut.figures.saving import remove_both, save_both
from chestnut.jobs.job import Job
from chestnut.jobs.run_all import JobOptions, run_all
from chestnut.studies.comparison.control import describe_control, make_control
from chestnut.studies.comparison.control_folder import ControlFolder
from chestnut.studies.comparison.exchanges import add_exchanges
from chestnut.studies.comparison.leaderboard import Leaderboard
from chestnut.studies.comparison.plan import ComparisonFolder, ComparisonPlan, describe_start
from chestnut.studies.comparison.ranking import Entry, make_leaderboard
from chestnut.studies.comparison.variants import Variant

if TYPE_CHECKING:
    import pandas as pd

_FINE_TUNED = "-finetuned"


def compare(folder: ComparisonFolder, options: JobOptions, fine_tune_best: bool = False) -> Leaderboard:
    """Train the runs that a comparison still lacks, and write its leaderboard.

    Args:
        folder: The folder, made by `ComparisonFolder.begin`.
        options: The engine that runs the jobs, and how their runs are recorded and shown.
        fine_tune_best: Fine-tune the runs of the best variant afterwards, as one more variant. If its network is not a
            backbone, a note says so.

    Returns:
        The leaderboard.

    Raises:
        RunError: No run has finished, or another process uses the folder.
        KeyboardInterrupt: Ctrl-C was pressed; finished work is kept.
    """
    with folder.lock():
        plan = folder.plan
        folder.check_files()
        failures = run_all(_make_jobs(folder, plan, options), options)
        entries = [_make_entry(folder, plan, variant, failures) for variant in plan.variants]
        board = make_leaderboard(entries, _make_notes(plan, options), every_pair=plan.control is not None)
        best = next(variant for variant in plan.variants if variant.name == board.rows[0].name)
        tuned = replace(best, name=f"{best.name}{_FINE_TUNED}")
        if fine_tune_best or folder.run(tuned.name, plan.terms.seed).path.exists():
            board = _add_fine_tuned(folder, options, entries, board, best, tuned)
        if plan.control is not None:
            control = make_control(plan.control, entries, board)
            ControlFolder(folder.path).write_control(control)
            board = replace(board, sentences=(control.sentence, *board.sentences))
        board = add_exchanges(folder, board)
        _write_results(folder, board)
        return board


def _add_fine_tuned(
    folder: ComparisonFolder,
    options: JobOptions,
    entries: list[Entry],
    board: Leaderboard,
    best: Variant,
    tuned: Variant,
) -> Leaderboard:
    """Return the leaderboard with the fine-tuned best variant, or with a note on why there is none."""
    if not isinstance(best.recipe.model, BackboneConfig):
        return replace(board, notes=(*board.notes, f"{best.name} came first and has no backbone to fine-tune."))
    plan = folder.plan
    failures = run_all(_make_fine_tuning_jobs(folder, plan, best, tuned, options), options)
    entry = replace(_make_entry(folder, plan, tuned, failures), start="fine-tuned")
    notes = [f"{tuned.name} has had more epochs than the others: it continues the runs of {best.name}."]
    notes += [
        f"{run.name}: no epoch was better on validation than its start, whose weights are kept."
        for run in entry.runs.values()
        if run.record.kept_start
    ]
    every_pair = plan.control is not None
    return make_leaderboard([*entries, entry], (*_make_notes(plan, options), *notes), every_pair=every_pair)


def _make_jobs(folder: ComparisonFolder, plan: ComparisonPlan, options: JobOptions) -> Iterable[Job]:
    """Yield a job for each seed and variant: all variants with the first seed come before any with the second."""
    for seed in plan.seeds:
        for variant in plan.variants:
            recipe = variant.recipe.changed([f"seed={seed}"])
            yield folder.make_job(folder.run(variant.name, seed), recipe, plan, options)


def _make_fine_tuning_jobs(
    folder: ComparisonFolder, plan: ComparisonPlan, best: Variant, tuned: Variant, options: JobOptions
) -> Iterable[Job]:
    """Yield a job for each finished run of the best variant."""
    for seed, job in zip(plan.seeds, _make_jobs(folder, replace(plan, variants=(tuned,)), options), strict=True):
        start = folder.run(best.name, seed)
        if start.finished:
            yield replace(job, start=start.path)


def _make_entry(folder: ComparisonFolder, plan: ComparisonPlan, variant: Variant, failures: dict[str, str]) -> Entry:
    runs = {seed: folder.run(variant.name, seed) for seed in plan.seeds}
    failed = {seed: failures[run.name] for seed, run in runs.items() if run.name in failures}
    finished = {seed: run for seed, run in runs.items() if seed not in failed and run.finished}
    return Entry(variant.name, describe_start(variant.recipe), finished, failed)


def _make_notes(plan: ComparisonPlan, options: JobOptions) -> tuple[str, ...]:
    """Return what a reader of the leaderboard must know about how it was made."""
    terms = plan.terms
    epochs = "1 epoch" if terms.epochs == 1 else f"{terms.epochs} epochs"
    notes = [] if plan.control is None else describe_control(plan.control)
    notes.append(
        f"All variants saw the same images and split (seed {terms.seed}) and had at most {epochs}; each kept its best "
        "epoch, and the early stopping of its recipe."
    )
    if terms.fraction < 1:
        notes.append(
            f"Trained on {terms.fraction:.0%} of each class's training patients; all validation images were used."
        )
    if terms.repeats == 1:
        notes.append(
            "Each variant was trained once: intervals and tests cover the choice of patients, not of the seed."
        )
    else:
        notes.append(
            f"Each figure is the mean over {terms.repeats} seeds; intervals and tests draw both patients and seeds."
        )
    if options.engine.parallel > 1:
        notes.append(f"{options.engine.parallel} runs shared the machine, so each was slower than it would be alone.")
    notes.append("The best figures of validation images are too good, and more so the more variants are compared.")
    return tuple(notes)


def _write_results(folder: ComparisonFolder, board: Leaderboard) -> None:
    histories = {row.name: _read_histories(folder, row.name) for row in board.rows if row.auroc is not None}
    estimates = {row.name: (row.auroc, row.place) for row in board.rows if row.auroc is not None}
    save_both(forest_figure(estimates), folder.figures / "auroc.png")
    save_both(learning_figure(histories), folder.figures / "curves.png")
    if board.pairs:
        save_both(difference_figure(board.pairs), folder.figures / "differences.png")
    else:
        remove_both(folder.figures / "differences.png")
    folder.write_board(board)


def _read_histories(folder: ComparisonFolder, variant: str) -> list[pd.DataFrame]:
    return [run.history for seed in folder.plan.seeds if (run := folder.run(variant, seed)).finished]
