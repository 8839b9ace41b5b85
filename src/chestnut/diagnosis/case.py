"""`Case`: all that is known of how a run was trained, which is what the rules of `advice` look at.

Made by `diagnosis`; calls `config` and `learning_curves`.
"""

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

#: Optimisers whose single step moves no weight by much more than the learning rate (Kingma & Ba 2015, §2.1).
BOUNDED = ("adam", "adamw", "nadam", "lion", "rmsprop")


@dataclass(frozen=True)
class Case:
    """A run's learning curves and what is behind them.

    Attributes:
        curves: The history.
        recipe: The resolved recipe.
        train: Training images of each class; empty where not known.
        val: Validation images of each class; empty where not known.
        val_patients: Patients of each class among them.
        ended: `epochs`, `early`, `interrupted`, or empty before the end.
        error: Why training failed; empty where it did not.
        best: The epoch whose weights were kept, 0 for those it started from; None where it is not known.
        results: The metrics of evaluations that were made, by name; `val`, and `test` where somebody looked.
        probes: What classifiers that see no lungs reached: what they saw and their AUROC.
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
        """Why something that a rule needs is not there; empty where it is.

        Args:
            need: A column of the history, `images` (counts of training and validation images), or `result NAME`.
        """
        if need == "images":
            known = sum(count > 0 for count in self.train) > 1 and sum(self.val) > 0
            return "" if known else "the manifest does not tell the images of each class"
        if need.startswith("result "):
            name = need.removeprefix("result ")
            return "" if name in self.results else f"nobody has evaluated the {name} split, and this command never does"
        return "" if self.curves.has(need) else f"the history has no {need}"

    @property
    def guess(self) -> float:
        """The cross-entropy of answering with the class shares, where training starts; NaN where not known."""
        return guessing_loss(self.train, self.recipe.data.balance != "none")

    def explained(self, loss: float) -> float:
        """How much of the loss of guessing is gone, as a share: 0 for guessing, 1 for perfection.

        McFadden's pseudo-R² (McFadden 1974, in Frontiers in Econometrics, 105-142).
        """
        return 1 - loss / self.guess

    @property
    def metric(self) -> Floats:
        """The curve that chooses the epoch."""
        return self.curves[self.recipe.train.stop.metric]

    @property
    def metric_name(self) -> str:
        """What it is called in a sentence."""
        return {
            "val_loss": "the validation loss",
            "val_auroc": "validation AUROC",
            "val_accuracy": "validation accuracy",
            "val_balanced_accuracy": "balanced validation accuracy",
        }[self.recipe.train.stop.metric]

    def stop(self, patience: int | None = None) -> Stop:
        """Where a patience ends the run and which epoch it keeps; the recipe's own where none is given."""
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
        """A column's value at the kept epoch; NaN where there is none."""
        return float(self.curves[column][self.kept - 1]) if 0 < self.kept <= self.curves.epochs else math.nan

    @property
    def steps(self) -> int:
        """Batches in an epoch, where the recipe draws every image once."""
        return math.ceil(sum(self.train) / self.recipe.train.batch_size)

    @property
    def reach(self) -> float:
        """The farthest that one weight can have moved in the whole run; infinite where the optimiser sets no bound."""
        if self.recipe.optim.name not in BOUNDED or not self.steps:
            return math.inf
        rates = self.curves["learning_rate"]
        known = np.where(np.isfinite(rates), rates, self.recipe.optim.learning_rate)
        return float(known.sum()) * self.steps

    def explained_lead(self, epoch: int) -> float:
        """The most by which accuracy in training may be ahead of validation by chance alone, 95 times in 100.

        Args:
            epoch: From 1.
        """
        ours, theirs = (float(self.curves[name][epoch - 1]) for name in ("accuracy", "val_accuracy"))
        errors = share_error(ours, sum(self.train)), self.error_of("val_accuracy", theirs)
        return TWO_SIDED * math.hypot(*errors)

    def error_of(self, column: str, value: float) -> float:
        """Standard error of a validation figure, each patient counting once, for images of one patient are alike.

        Args:
            column: `val_accuracy`, `val_balanced_accuracy` or `val_auroc`.
            value: The figure.
        """
        patients = self.val_patients or self.val
        # Two hits and two misses more, lest a perfect score look sure (Agresti and Coull 1998, Am Stat 52:119-126).
        value = (value * sum(patients) + 2) / (sum(patients) + 4)
        if column == "val_auroc":
            # Of more than two classes, each against the rest: the rarest is the least sure.
            fewest = min(patients, default=0)
            return auroc_error(value, fewest, sum(patients) - fewest)
        return share_error(value, sum(patients))

    @property
    def behind(self) -> str:
        """What stands behind the validation curve, in words."""
        images = f"{sum(self.val):,} validation images"
        return f"{images} of {sum(self.val_patients):,} patients" if self.val_patients else images
