"""`CrossValidation`: what came of a cross-validation, fold by fold and over all images.

Called by `crossval`, which makes it, and by `cli`; calls `evaluation`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.metrics import Evaluation
from chestnut.figures.notebook import picture_html


@dataclass(frozen=True)
class HeldOut:
    """One fold, judged by the run that had not seen it.

    Attributes:
        name: The run's.
        repeat: From 1.
        fold: From 1.
        seed: The run's.
        epochs: Epochs done.
        best_epoch: The epoch whose weights were kept, chosen on the run's own validation images.
        evaluation: Of the fold's images.
    """

    name: str
    repeat: int
    fold: int
    seed: int
    epochs: int
    best_epoch: int
    evaluation: Evaluation

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the keys are this class's attributes."""
        return {**vars(self), "evaluation": self.evaluation.to_dict()}


@dataclass(frozen=True)
class Spread:
    """A metric over the folds of all repeats.

    Attributes:
        mean: Of the folds in which it is defined; None where there are none.
        deviation: Standard deviation over them, n - 1 below; None of fewer than two.
        folds: How many they are.
    """

    mean: float | None
    deviation: float | None
    folds: int

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """The spread of some figures.

        >>> print(Spread.of([0.5, 0.7]), Spread.of([0.5]), Spread.of([]))
        0.600 ± 0.141 0.500 undefined
        """
        return cls(mean(values) if values else None, stdev(values) if len(values) > 1 else None, len(values))

    def __str__(self) -> str:
        if self.mean is None:
            return "undefined"
        return f"{self.mean:.3f}" + (f" ± {self.deviation:.3f}" if self.deviation is not None else "")


@dataclass(frozen=True)
class CrossValidation:
    """What came of a cross-validation.

    Attributes:
        recipe: The recipe's name.
        folds: How many.
        repeats: How many times they were dealt.
        seed: Of the deal.
        pooled: All out-of-fold predictions judged together; of several repeats, every image counts once in each.
        spread: Each of `METRICS` over the folds.
        parts: Each fold of each repeat.
        warnings: Runs that may have learnt nothing, in sentences.
        notes: What to know before believing it, in sentences.
        path: The folder of the cross-validation; None for one that was not written.
    """

    recipe: str
    folds: int
    repeats: int
    seed: int
    pooled: Evaluation
    spread: dict[str, Spread]
    parts: tuple[HeldOut, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    path: Path | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the result ready for JSON; the keys are the attributes other than `path`."""
        return {
            **{name: value for name, value in vars(self).items() if name != "path"},
            "pooled": self.pooled.to_dict(),
            "spread": {name: asdict(spread) for name, spread in self.spread.items()},
            "parts": [part.to_dict() for part in self.parts],
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }

    def _repr_html_(self) -> str:
        shown = ("auroc", "accuracy", "loss")
        rows: list[tuple[object, ...]] = [
            (f"fold {part.fold}, repeat {part.repeat}", *(part.evaluation.summary(name) for name in shown))
            for part in self.parts
        ]
        rows.append(("all", *(self.pooled.summary(name) for name in shown)))
        rows.append(("mean ± sd", *(self.spread[name] for name in shown)))
        title = f"{self.pooled.images:,} held-out predictions of {self.pooled.patients:,} patients"
        notes = (*self.warnings, *self.pooled.notes, *self.notes)
        table = html_table(rows, ("fold", "AUROC", "accuracy", "loss"), title, notes)
        figure = "" if self.path is None else picture_html(self.path / "figures" / "auroc.png", "AUROC of each fold")
        return table + figure


def spread_over(parts: tuple[HeldOut, ...]) -> dict[str, Spread]:
    """Each of `METRICS` over folds."""
    found = {name: [part.evaluation.metrics[name].value for part in parts] for name in METRICS}
    return {name: Spread.of([value for value in values if value is not None]) for name, values in found.items()}
