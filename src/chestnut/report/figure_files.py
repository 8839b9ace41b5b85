"""Draw the figures of a run anew, from its saved results, as files for a paper."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from chestnut.errors import RunError
from chestnut.figures.evaluation import evaluation_figures
from chestnut.figures.history import history_figure
from chestnut.figures.saving import Format, save_as
from chestnut.figures.sets import sets_figure
from chestnut.figures.subgroups import subgroups_figure
from chestnut.files.folders import new_folder
from chestnut.files.json_files import parse_json
from chestnut.robustness.figure import stress_figure
from chestnut.robustness.folders import PARTIAL, STRESS
from chestnut.robustness.shift_effects import Figures, Judged
from chestnut.robustness.stress_file import StressFile
from chestnut.runs.evaluations import read_evaluation
from chestnut.runs.folder import RunFolder


def draw_run_figures(run: RunFolder) -> dict[str, Figure]:
    """Draw the training, every evaluation and the stress validations of a run.

    Args:
        run: The run.

    Returns:
        The figures by name; that of an evaluation begins with the name of the evaluation. Nothing is drawn of an
        evaluation whose predictions.csv is missing.

    Raises:
        DataError: A file of the run is damaged.
        RunError: A file of the run was changed.
    """
    drawn = {}
    if len(run.history):
        drawn["history"] = history_figure(run.history, run.record.best_epoch)
    for name in run.evaluations():
        if (run.evaluation(name) / "predictions.csv").exists():
            drawn |= {f"{name}-{kind}": figure for kind, figure in _draw_evaluation(run, name).items()}
    for name in (STRESS, PARTIAL):
        if (path := run.evaluation(name) / "stress.json").exists():
            drawn[name] = stress_figure(_read_judged(run, path))
    return drawn


def write_run_figures(run: RunFolder, folder: Path, form: Format) -> tuple[str, ...]:
    """Write the figures of a run into a new folder, or an empty one.

    Args:
        run: The run.
        folder: The folder, which appears complete or not at all.
        form: The format.

    Returns:
        The names of the files.

    Raises:
        RunError: There is nothing to draw yet, or a file of the run was changed.
        DataError: The folder contains files, or a file of the run is damaged.
        DiskError: The disk is full or not writable.
    """
    figures = draw_run_figures(run)
    if not figures:
        raise RunError(f"{run.path}: there is nothing to draw yet; train the run or evaluate it first")
    with new_folder(folder) as draft:
        for name, figure in figures.items():
            save_as(figure, draft / f"{name}.{form}", form)
    return tuple(sorted(f"{name}.{form}" for name in figures))


def _draw_evaluation(run: RunFolder, name: str) -> dict[str, Figure]:
    evaluation = read_evaluation(run, name)
    table = run.predictions(name, evaluation.classes)
    drawn = evaluation_figures(evaluation, table.targets, table.probabilities, table.patients)
    if divided := [one for one in evaluation.subgroups if one.divided]:
        drawn["subgroups"] = subgroups_figure(divided, evaluation.metrics)
    if evaluation.sets is not None:
        drawn["sets"] = sets_figure(evaluation.sets)
    return drawn


def _read_judged(run: RunFolder, path: Path) -> Judged:
    held = parse_json(run.read(path), path, StressFile, run.files.remedy(path))
    shifts = {one["name"]: Figures.from_dict(one) for one in held["shifts"]}
    mean = None if held.get("partial") or held["mean"] is None else Figures.from_dict(held["mean"])
    return Judged(Figures.from_dict(held["plain"]), shifts, mean)
