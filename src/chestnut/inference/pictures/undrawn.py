"""Draw the pictures that a run of a study has been made without.

Drawing takes a fifth of the time of a short training, and most runs of a study are only compared. What the pictures
show is saved in the run, so they are drawn when somebody asks for them.
"""

from __future__ import annotations

import logging

import numpy as np

from chestnut.errors import DataError, ImageError
from chestnut.evaluation.softmax import change_temperature
from chestnut.figures.evaluation import draw_evaluation
from chestnut.figures.history import history_figure
from chestnut.figures.saving import save_both
from chestnut.figures.sets import draw_sets
from chestnut.figures.subgroups import draw_subgroups
from chestnut.inference.own_images import decode_unchanged
from chestnut.inference.pictures.calibration import draw_calibration
from chestnut.inference.pictures.samples import choose_samples, draw_samples
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.progress import Bars, silent
from chestnut.runs.evaluations import read_evaluation
from chestnut.runs.folder import RunFolder

_log = logging.getLogger(__name__)


def draw_undrawn(run: RunFolder, bars: Bars = silent) -> bool:
    """Draw the pictures of a run that was made without them: its samples, learning curves and evaluations.

    Where a training image cannot be read any more or has changed, the samples are left out, and a warning says so.

    Args:
        run: A run. Nothing happens if it has its pictures.
        bars: Shows the progress.

    Returns:
        Whether pictures were drawn.

    Raises:
        RunError: A file of the run was changed.
        DataError: A file of the run is damaged.
        DiskError: The disk is full or not writable.
    """
    record = run.record
    if not record.undrawn:
        return False
    with bars("Drawing pictures"):
        _draw_samples(run)
        if record.best_epoch is not None and len(history := run.history):
            save_both(history_figure(history, record.best_epoch), run.figures / "history.png")
        for name in run.evaluations():
            _draw_evaluation(run, name)
    if record.status != "training":
        run.update(undrawn=False)
    return True


def _draw_samples(run: RunFolder) -> None:
    """Draw the sample images, as far as they are still what they were in training."""
    recipe, manifest = run.recipe, run.manifest
    chosen = manifest.take(choose_samples(manifest, recipe.seed))
    try:
        decoded = decode_unchanged(chosen, recipe.input)
        pixels = np.asarray(decoded.pixels[np.arange(len(chosen))])
        draw_samples(chosen, pixels, recipe.input, run.figures / "samples.png")
    except (DataError, ImageError) as error:
        _log.warning("%s gets no picture of its training images: %s", run.name, error)


def _draw_evaluation(run: RunFolder, name: str) -> None:
    """Draw an evaluation from its metrics.json and predictions.csv."""
    evaluation, folder = read_evaluation(run, name), run.evaluation(name)
    table = run.predictions(name, evaluation.classes)
    draw_evaluation(folder, evaluation, table.targets, table.probabilities, table.patients)
    draw_subgroups(folder, evaluation)
    draw_sets(folder, evaluation.sets)
    if name == "val" and (bundle := find_run_bundle(run)) is not None:
        temperature = float(run.metrics(name).get("temperature", 1.0))
        shares = change_temperature(table.probabilities, temperature, 1.0)
        logits = np.log(np.maximum(shares, np.finfo(np.float64).tiny))  # but for a number that changes no probability
        draw_calibration(run, bundle, logits, table.targets, table.patients)
