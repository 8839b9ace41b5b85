"""The result of a cross-validation, fold by fold and over all images."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.metrics import Evaluation
from chestnut.figures.notebook import picture_html
from chestnut.studies.crossval.spread import Spread

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FoldResult:
    """One fold, evaluated with the run that has not seen it.

    Attributes:
        name: The name of the run.
        repeat: The number of the repeat, from 1.
        fold: The number of the fold, from 1.
        seed: The seed of the run.
        epochs: The number of epochs of the run.
        best_epoch: The epoch whose weights were kept, chosen on the run's own validation images.
        evaluation: The evaluation of the fold's images.
    """

    name: str
    repeat: int
    fold: int
    seed: int
    epochs: int
    best_epoch: int
    evaluation: Evaluation

    def to_dict(self) -> dict[str, Any]:
        """Return the fold ready for JSON; the keys are the attributes."""
        return {**vars(self), "evaluation": self.evaluation.to_dict()}

    def to_row(self) -> dict[str, Any]:
        """Return the fold as a row of a table, with the value of each of `METRICS`."""
        numbers = {name: getattr(self, name) for name in ("repeat", "fold", "seed", "epochs", "best_epoch")}
        return numbers | {name: self.evaluation.metrics[name].value for name in METRICS}


@dataclass(frozen=True)
class CrossValidation:
    """The result of a cross-validation.

    Attributes:
        recipe: The name of the recipe.
        folds: The number of folds.
        repeats: How many times the patients were divided into folds.
        seed: The seed of the folds.
        pooled: The evaluation of all out-of-fold predictions together; with several repeats, every image counts once in
            each.
        spread: The mean of each of `METRICS` over the folds, its interval, and how much the folds differ.
        parts: The folds of all repeats.
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
    parts: tuple[FoldResult, ...]
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

    @property
    def table(self) -> pd.DataFrame:
        """One row for each fold of each repeat: its numbers, seed and epochs, and a column for each of `METRICS`."""
        import pandas as pd

        return pd.DataFrame([part.to_row() for part in self.parts])

    def _repr_html_(self) -> str:
        shown = ("auroc", "accuracy", "loss")
        rows: list[tuple[object, ...]] = [
            (f"fold {part.fold}, repeat {part.repeat}", *(part.evaluation.summary(name) for name in shown))
            for part in self.parts
        ]
        rows.append(("all", *(self.pooled.summary(name) for name in shown)))
        rows.append(("mean", *(self.spread[name].estimate for name in shown)))
        rows.append(("mean ± sd", *(self.spread[name] for name in shown)))
        title = f"{self.pooled.images:,} held-out predictions of {self.pooled.patients:,} patients"
        notes = (*self.warnings, *self.pooled.notes, *self.notes)
        table = html_table(rows, ("fold", "AUROC", "accuracy", "loss"), title, notes)
        return table + picture_html(self.path and self.path / "figures" / "auroc.png", "AUROC of each fold")


def compute_spread(parts: tuple[FoldResult, ...]) -> dict[str, Spread]:
    """Return the spread of each of `METRICS` over folds."""
    repeats = [[part for part in parts if part.repeat == number] for number in sorted({part.repeat for part in parts})]
    return {
        name: Spread.of(name, [[part.evaluation.metrics[name] for part in folds] for folds in repeats])
        for name in METRICS
    }
