"""The leaderboard of a comparison: its variants in order, what each costs, and which cannot be distinguished.

All figures belong to the validation images.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.evaluation.comparison import Pair
from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.figures.notebook import picture_html

if TYPE_CHECKING:
    import pandas as pd


#: The figures of a row that have an interval.
ESTIMATES = ("auroc", "accuracy", "behind", "exchanged", "given_away")


@dataclass(frozen=True)
class Row:
    """A row of the leaderboard. Figures are means over the runs of a variant, or None if none has finished.

    Attributes:
        place: The place, from 1; variants that cannot be distinguished share the first place among them.
        tied: Whether the place is shared.
        name: The name of the variant.
        start: What its network starts from, in words.
        runs: The number of finished runs.
        failed: Why other runs failed, in one line each.
        auroc: The AUROC on the validation images, with its 95 % interval; the mean over more than two classes.
        auroc_spread: The standard deviation over the runs; None for one run.
        behind: The difference between the first variant's AUROC and this one, with its interval; None for the first.
        accuracy: The accuracy on the validation images, at the best epoch, with its interval.
        accuracy_spread: As `auroc_spread`.
        train_accuracy: The accuracy on the training images during the best epoch, while the weights change.
        parameters: The number of parameters of the network.
        trained: The number of trained parameters.
        epochs: The number of epochs.
        epoch_seconds: The median duration of an epoch in seconds, including validation.
        images_a_second: The speed of prediction for decoded images, in batches of 64.
        model_bytes: The size of the saved network.
        exchanged: The AUROC after validation images took over framing and style of another class; None where not all
            runs had an exchange test.
        given_away: What the same exchange within the class leaves more of the AUROC.
    """

    place: int | None
    tied: bool
    name: str
    start: str
    runs: int
    failed: tuple[str, ...] = ()
    auroc: Estimate | None = None
    auroc_spread: float | None = None
    behind: Estimate | None = None
    accuracy: Estimate | None = None
    accuracy_spread: float | None = None
    train_accuracy: float | None = None
    parameters: int | None = None
    trained: int | None = None
    epochs: float | None = None
    epoch_seconds: float | None = None
    images_a_second: float | None = None
    model_bytes: float | None = None
    exchanged: Estimate | None = None
    given_away: Estimate | None = None


@dataclass(frozen=True)
class Leaderboard:
    """The result of a comparison.

    Attributes:
        rows: The variants, the best first and those without a result last.
        pairs: The test of each variant against the next; of each against every other in a control experiment.
        images: The number of validation images.
        patients: The number of their patients.
        resamples: 0; a leaderboard of an early version has the number of resamples behind its intervals and tests.
        sentences: What the tests say, in plain words.
        notes: What to know before believing it.
        path: The folder of the comparison; None for one that was not written.
    """

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    images: int
    patients: int
    resamples: int
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    path: Path | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the result ready for JSON; the keys are the attributes other than `path`."""
        return {name: value for name, value in asdict(self).items() if name != "path"}

    @property
    def table(self) -> pd.DataFrame:
        """One row for each variant; an estimate has three columns: its name, and its name with `_low` and `_high`."""
        import pandas as pd

        return pd.DataFrame([_flatten(row) for row in self.rows])

    def _repr_html_(self) -> str:
        columns = ("place", "variant", "AUROC", "accuracy", "parameters", "epochs")
        failures = [f"{row.name} failed with {failure}" for row in self.rows for failure in row.failed]
        table = html_table(
            [_format_cells(row) for row in self.rows],
            columns,
            "Validation images, with 95 % intervals",
            (*self.sentences, *self.notes, *failures),
        )
        return table + picture_html(self.path and self.path / "figures" / "auroc.png", "AUROC of each variant")


def _format_cells(row: Row) -> tuple[object, ...]:
    """Return the cells of a row for a notebook."""
    if row.place is None:
        return "–", row.name, "no result", None, None, None
    parameters = None if row.parameters is None else f"{row.parameters:,}"
    return row.place, row.name, row.auroc, row.accuracy, parameters, row.epochs


def _flatten(row: Row) -> dict[str, Any]:
    """Return a row with each estimate in three columns."""
    flat: dict[str, Any] = {}
    for name, value in asdict(row).items():
        if name in ESTIMATES:
            for part in ("value", "low", "high"):
                flat[name if part == "value" else f"{name}_{part}"] = value and value[part]
        else:
            flat[name] = "; ".join(value) if name == "failed" else value
    return flat
