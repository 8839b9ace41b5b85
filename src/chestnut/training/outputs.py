"""Write the results of a training to its run folder: the bundle, facts for the record, and the learning curves."""

from __future__ import annotations

from typing import Any

from chestnut.config import Recipe
from chestnut.data.manifest import Manifest
from chestnut.errors import TrainingError
from chestnut.figures.history import history_figure
from chestnut.figures.saving import save_both
from chestnut.inference.run_bundle import write_run_bundle
from chestnut.models.finite import describe_bad_weights
from chestnut.runs.folder import RunFolder
from chestnut.training.loop import Outcome


def require_finite(network: Any, recipe: Recipe) -> None:
    """Check that a trained network can be used.

    Raises:
        TrainingError: A weight is NaN or infinite.
    """
    if fault := describe_bad_weights(network):
        raise TrainingError(
            f"training {recipe.name} ended with a network of which {fault}: most often the learning rate is too high; "
            f"try optim.learning_rate={recipe.optim.learning_rate / 10:.1g}"
        )


def save_network(run: RunFolder, network: Any, outcome: Outcome, manifest: Manifest) -> None:
    """Write the bundle, the facts of the training and, unless the run is to have no pictures yet, its learning curves.

    Args:
        run: The run that was trained.
        network: The Keras network with the best weights, in float32.
        outcome: The outcome of the training.
        manifest: The images of the run.

    Raises:
        DiskError: The disk is full, or permission is missing.
    """
    write_run_bundle(run, network, run.recipe, manifest)
    rows = outcome.progress.rows
    record = run.update(
        epochs=len(rows),
        best_epoch=outcome.progress.best_epoch,
        stopped_by=outcome.ended,
        start=outcome.progress.start,
        parameters=int(network.count_params()),
        seconds=round(sum(row["seconds"] for row in rows), 1),
    )
    if not record.undrawn:
        save_both(history_figure(run.history, outcome.progress.best_epoch), run.figures / "history.png")
