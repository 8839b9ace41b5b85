"""`Case`: everything that is known about the training of a run; the rules judge it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chestnut.config import Recipe
from chestnut.diagnosis.learning_curves import (
    TWO_SIDED,
    Curves,
    Floats,
    Stop,
    guessing_loss,
    replay,
)
from chestnut.evaluation.standard_errors import auroc_error, share_error

#: The optimisers of which one step changes no weight by much more than the learning rate (Kingma & Ba 2015, §2.1).
BOUNDED = ("adam", "adamw", "nadam", "lion", "rmsprop")


@dataclass(frozen=True)
class Case:
    """The learning curves of a run, and the data and settings behind them.

    Attributes:
        curves: The history.
        recipe: The resolved recipe.
        train: The number of training images of each class; empty where unknown.
        val: The number of validation images of each class; empty where unknown.
        val_patients: The number of validation patients of each class; empty where unknown.
        ended: How training ended: `epochs`, `early` or `interrupted`; empty before the end.
        error: Why training failed; empty where it did not.
        best: The epoch whose weights were kept, 0 for the weights at the start; None where unknown.
        results: The metrics of existing evaluations by their name, `val` or `test`.
        probes: What each classifier without access to the lungs saw, and its AUROC; only those that were errors.
    """

    curves: Curves
    recipe: Recipe
    train: tuple[int, ...] = ()
    val: tuple[int, ...] = ()
    val_patients: tuple[int, ...] = ()
    ended: str = ""
    error: str = ""
    best: int | None = None
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    probes: tuple[tuple[str, float], ...] = ()

    def lacks(self, need: str) -> str:
        """Return why something that a rule needs is missing; empty where it is there.

        Args:
            need: A column of the history, `images` (the counts of training and validation images), or `result NAME`.
        """
        if need == "images":
            known = sum(count > 0 for count in self.train) > 1 and sum(self.val) > 0
            return "" if known else "the manifest does not give the images of each class"
        if need.startswith("result "):
            name = need.removeprefix("result ")
            return (
                ""
                if name in self.results
                else f"the {name} split has not been evaluated, and a diagnosis does not evaluate it"
            )
        return "" if self.curves.has(need) else f"the history has no {need}"

    @property
    def guess(self) -> float:
        """The cross-entropy of answering with the class shares, at which training starts; NaN where unknown."""
        return guessing_loss(self.train, self.recipe.data.balance != "none")

    def explained(self, loss: float) -> float:
        """Return the share of the loss of guessing that is gone: 0 for guessing, 1 for perfection.

        This is McFadden's pseudo-R² (McFadden 1974, in Frontiers in Econometrics, 105-142).
        """
        return 1 - loss / self.guess

    @property
    def metric(self) -> Floats:
        """The curve that chooses the epoch."""
        return self.curves[self.recipe.train.stop.metric]

    @property
    def metric_name(self) -> str:
        """The name of that curve within a sentence."""
        return {
            "val_loss": "the validation loss",
            "val_auroc": "validation AUROC",
            "val_accuracy": "validation accuracy",
            "val_balanced_accuracy": "balanced validation accuracy",
        }[self.recipe.train.stop.metric]

    def stop(self, patience: int | None = None) -> Stop:
        """Return where a patience ends the run and which epoch it keeps.

        Args:
            patience: The patience; None for that of the recipe.
        """
        rule = self.recipe.train.stop
        return replay(
            self.metric,
            rule.patience if patience is None else patience,
            smaller=rule.smaller_is_better,
            min_delta=rule.min_delta,
            from_epoch=rule.from_epoch,
        )

    @property
    def kept(self) -> int:
        """The epoch whose weights are kept, from 1; 0 where there is none."""
        return self.stop(0).kept if self.best is None else self.best

    def at_kept(self, column: str) -> float:
        """Return the value of a column at the kept epoch; NaN where there is none."""
        return float(self.curves[column][self.kept - 1]) if 0 < self.kept <= self.curves.epochs else math.nan

    @property
    def steps(self) -> int:
        """The number of batches in an epoch in which every image is drawn once."""
        return math.ceil(sum(self.train) / self.recipe.train.batch_size)

    @property
    def reach(self) -> float:
        """The most that one weight can have changed in the whole run; infinite where the optimiser sets no limit."""
        if self.recipe.optim.name not in BOUNDED or not self.steps:
            return math.inf
        rates = self.curves["learning_rate"]
        known = np.where(np.isfinite(rates), rates, self.recipe.optim.learning_rate)
        return float(known.sum()) * self.steps

    def explained_lead(self, epoch: int) -> float:
        """Return the most by which accuracy may be higher in training than in validation by chance, 95 times in 100.

        Args:
            epoch: The epoch, from 1.
        """
        ours, theirs = (float(self.curves[name][epoch - 1]) for name in ("accuracy", "val_accuracy"))
        errors = share_error(ours, sum(self.train)), self.error_of("val_accuracy", theirs)
        return TWO_SIDED * math.hypot(*errors)

    def error_of(self, column: str, value: float) -> float:
        """Return the standard error of a validation figure.

        Each patient counts once, because images of one patient are alike.

        Args:
            column: `val_accuracy`, `val_balanced_accuracy` or `val_auroc`.
            value: The figure.
        """
        patients = self.val_patients or self.val
        # Two more hits and misses keep a perfect score from looking certain (Agresti and Coull 1998, Am Stat 52:119).
        value = (value * sum(patients) + 2) / (sum(patients) + 4)
        if column == "val_auroc":
            # For more than two classes, each against the rest: the rarest is the least certain.
            fewest = min(patients, default=0)
            return auroc_error(value, fewest, sum(patients) - fewest)
        return share_error(value, sum(patients))

    @property
    def behind(self) -> str:
        """The images and patients behind the validation curve, in words."""
        images = f"{sum(self.val):,} validation images"
        return f"{images} of {sum(self.val_patients):,} patients" if self.val_patients else images
