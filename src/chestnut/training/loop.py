"""The training loop: epochs, validation, early stopping and checkpoints. All recipes use this one loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt

from chestnut.config import Recipe, StopConfig
from chestnut.errors import TrainingError
from chestnut.evaluation.metrics import point_metrics
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.engines.keras_engine import forward
from chestnut.training.array_file import Arrays
from chestnut.training.batches import Batches
from chestnut.training.checkpoint import Checkpoint, Progress
from chestnut.training.epochs.choice import Epochs, open_epochs
from chestnut.training.epochs.steps import Observer, Steps, divergence_error
from chestnut.training.inputs import Inputs
from chestnut.training.interrupt import Interrupt
from chestnut.training.learner import Learner
from chestnut.training.optimizers import set_paces, use_averages

Row = dict[str, Any]


@dataclass(frozen=True)
class Validation:
    """The validation images as inputs of the network, with their class indices, shape (n,)."""

    inputs: Inputs
    targets: npt.NDArray[np.int64]

    def point(self, network: keras.Model) -> Row | None:
        """Return the metrics of a network as in a row of history.csv; None if a logit is not finite."""
        logits = forward(network, lambda start, stop: self.inputs.batch(np.arange(start, stop)), len(self.inputs))
        if not np.isfinite(logits).all():
            return None
        point = point_metrics(self.targets, probabilities(logits))
        return {f"val_{name}": value for name, value in point.items()}


@dataclass(frozen=True)
class Plan:
    """Options of the loop that are not in the recipe.

    Attributes:
        paces: A function that returns each trained variable's share of the learning rate in an epoch, from 0; None if
            all have the full rate.
        from_start: Whether to keep the weights that training starts from if no epoch is better.
    """

    paces: Callable[[int], Sequence[float]] | None = None
    from_start: bool = False


@dataclass(frozen=True)
class Outcome:
    """The result of a training.

    Attributes:
        progress: The rows of history and the best epoch.
        weights: The network's weights at the best epoch.
        ended: How training ended: `epochs` (all were done), `early` (patience ran out) or `interrupted` (Ctrl-C).
    """

    progress: Progress
    weights: Arrays
    ended: Literal["epochs", "early", "interrupted"]


_PLAIN = Plan()


def fit(
    learner: Learner,
    batches: Batches,
    validation: Validation,
    checkpoint: Checkpoint,
    observers: tuple[Observer, ...] = (),
    save_rows: Callable[[list[Row]], None] = lambda rows: None,
    plan: Plan = _PLAIN,
) -> Outcome:
    """Train until all epochs are done, patience runs out or Ctrl-C is pressed; continue from the checkpoint, if any.

    Args:
        learner: The network to train; its recipe is that of `batches`.
        batches: The training images.
        validation: The validation images, for early stopping and the choice of the best epoch.
        checkpoint: The checkpoint, which is written after every epoch.
        observers: The observers to notify of every batch and epoch.
        save_rows: A function that is called with all rows of history after every epoch.
        plan: Further options.

    Raises:
        TrainingError: The loss is not finite.
        KeyboardInterrupt: Ctrl-C was pressed before the first epoch ended.
    """
    recipe = batches.recipe
    learner.build_variables(batches[0])
    if checkpoint.exists():
        progress = checkpoint.restore(learner)
        if progress.rows:  # a kill after the checkpoint of an epoch left history.csv without its row
            save_rows(list(progress.rows))
    else:
        progress = _save_start(learner, validation, checkpoint, recipe) if plan.from_start else Progress()
    epochs = open_epochs(learner, batches)
    for observer in observers:
        observer.start(recipe, progress.epoch, len(batches))
    ended: Literal["epochs", "early", "interrupted"] = "epochs"
    with Interrupt() as interrupt:
        observers = (*observers, interrupt)
        try:
            while progress.epoch < recipe.train.epochs:
                if _patience_ended(progress, recipe.train.stop):
                    ended = "early"
                    break
                if plan.paces is not None:
                    set_paces(learner.optimizer, plan.paces(progress.epoch))
                row = _run_epoch(epochs, learner, batches, validation, progress, observers)
                progress = advance(progress, row, recipe)
                checkpoint.save(learner, progress)
                save_rows(list(progress.rows))
                for observer in observers:
                    observer.epoch(row, best=progress.best_epoch == progress.epoch)
        except KeyboardInterrupt:
            if not checkpoint.exists():
                raise
            ended = "interrupted"
            progress = checkpoint.restore(learner)
    return Outcome(progress, checkpoint.best_weights(learner, progress), ended)


def _save_start(learner: Learner, validation: Validation, checkpoint: Checkpoint, recipe: Recipe) -> Progress:
    """Evaluate the weights that training starts from, and save them as epoch 0."""
    point = validation.point(learner.network)
    if point is None:
        raise TrainingError(
            f"the network that {recipe.name} starts from gives infinite outputs for the validation images; give "
            "another run or other weights to start from"
        )
    value = point[recipe.train.stop.metric]
    best = value if math.isfinite(value) else None
    progress = Progress(best=best, reference=best, start=point)
    checkpoint.save(learner, progress)
    return progress


def advance(progress: Progress, row: Row, recipe: Recipe) -> Progress:
    """Return the progress after one more epoch: the best epoch, the epochs waited, and the state of the plateau rule.

    The best epoch is the first one with the best value, however small the difference; `min_delta` only decides what
    counts as an improvement for patience. An undefined value, such as the AUROC of one class, is never the best.
    """
    stop = recipe.train.stop
    value = row[stop.metric]
    sign = -1.0 if stop.smaller_is_better else 1.0
    moved = progress.with_row(row)
    if math.isfinite(value) and (progress.best is None or sign * (value - progress.best) > 0):
        moved = replace(moved, best=value, best_epoch=moved.epoch)
    elif progress.best is None and moved.best_epoch == 0:
        moved = replace(moved, best_epoch=moved.epoch)
    improved = math.isfinite(value) and (
        progress.reference is None or sign * (value - progress.reference) > stop.min_delta
    )
    if improved:
        moved = replace(moved, reference=value, waited=0)
    elif moved.epoch > stop.from_epoch:
        moved = replace(moved, waited=progress.waited + 1)
    plateau = progress.plateau.after(row["val_loss"], recipe.optim.schedule, recipe.optim.learning_rate)
    return replace(moved, plateau=plateau)


def _patience_ended(progress: Progress, stop: StopConfig) -> bool:
    return stop.patience > 0 and progress.waited >= stop.patience


def _run_epoch(
    epochs: Epochs,
    learner: Learner,
    batches: Batches,
    validation: Validation,
    progress: Progress,
    observers: tuple[Observer, ...],
) -> Row:
    """Train one epoch, then evaluate the validation images."""
    recipe, epoch, started = batches.recipe, progress.epoch, time.perf_counter()
    batches.set_epoch(epoch)
    steps = Steps(batches, progress, observers)
    trained = epochs.run(steps)
    trained_at = time.perf_counter()
    with use_averages(learner.optimizer):
        point = validation.point(learner.network)
    if point is None:
        raise divergence_error(
            recipe,
            f"the network's outputs for the validation images became infinite in epoch {epoch + 1}",
            steps.last_rate,
        )
    return {
        "epoch": epoch + 1,
        "loss": trained["cross_entropy"],
        "objective": trained["loss"],
        "accuracy": trained["accuracy"],
        **point,
        "learning_rate": steps.last_rate,
        "seconds": round(time.perf_counter() - started, 3),
        "train_seconds": round(trained_at - started, 3),
    }
