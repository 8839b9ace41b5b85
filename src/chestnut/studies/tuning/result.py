"""The result of a search for better settings, trial by trial.

All figures belong to the validation images. Those of the best trial are too good, since the best of many was chosen by
them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.selection_bias import Gain
from chestnut.figures.notebook import picture_html

if TYPE_CHECKING:
    import pandas as pd

State = Literal["finished", "pruned", "failed", "running"]


@dataclass(frozen=True)
class Trial:
    """One choice of settings and its result.

    Attributes:
        number: The number of the trial, from 0, in the order in which trials were drawn; -1 for the recipe's own
            settings.
        state: The state of the trial. `pruned` means stopped early because of its learning curve, `failed` means that
            a run ended in an error, and `running` that the search was stopped before the trial had ended.
        values: The settings, by recipe field; empty for the recipe's own.
        score: The mean of `scores`; None if there are none.
        scores: The objective of each finished execution at the epoch it kept; for a pruned trial, its best value. Where
            it is undefined, it is NaN, which is null in JSON.
        epochs: The number of epochs, over all executions.
        seconds: The duration of the trial's jobs, over all executions.
        runs: The names of the folders of its runs.
        error: Why the trial failed, in one line.
    """

    number: int
    state: State
    values: dict[str, Any]
    score: float | None
    scores: tuple[float | None, ...]
    epochs: int
    seconds: float
    runs: tuple[str, ...]
    error: str = ""

    @property
    def name(self) -> str:
        """The name of the trial in tables and sentences."""
        return "default" if self.number < 0 else f"trial {self.number}"


@dataclass(frozen=True)
class Tuning:
    """The result of a search.

    Attributes:
        recipe: The name of the recipe whose settings were searched.
        search: `random`, `hyperband` or `bayesian`.
        objective: `auroc`, `accuracy` or `loss` on the validation images.
        executions: The number of runs of each trial.
        space: The ranges that were searched, in words, by recipe field.
        trials: The trials, in the order in which they were drawn.
        default: The trial of the recipe's own settings; None if its runs failed.
        best: The number of the best trial; None if none has finished.
        importance: The share of the objective's variance that each field explains (0..1, summing to 1), largest first;
            empty if too few trials have finished.
        gain: The lead of the best over the default, corrected for choosing the best; None if either is missing.
        sentences: The result in plain words; the first says whether the best can be distinguished from the default.
        notes: What to know before believing it.
        path: The folder of the search; None for one that was not written.
    """

    recipe: str
    search: str
    objective: str
    executions: int
    space: dict[str, str]
    trials: tuple[Trial, ...]
    default: Trial | None
    best: int | None
    importance: dict[str, float]
    gain: Gain | None
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    path: Path | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the result ready for JSON; the keys are the attributes other than `path`."""
        return {name: value for name, value in asdict(self).items() if name != "path"}

    @property
    def table(self) -> pd.DataFrame:
        """One row for each trial: number, state, score, a column for each field, epochs, seconds, runs, error."""
        import pandas as pd

        return pd.DataFrame([_flatten(trial, self.space) for trial in self.trials])

    def _repr_html_(self) -> str:
        trials = [*(() if self.default is None else (self.default,)), *self.trials]
        rows = [(one.name, one.state, _format_score(one), _format_settings(one), one.error) for one in trials]
        columns = ("trial", "state", self.objective, "settings", "error")
        table = html_table(rows, columns, f"{self.search} search around {self.recipe}", (*self.sentences, *self.notes))
        return table + picture_html(self.path and self.path / "figures" / "history.png", "Score of each trial")


def _format_score(trial: Trial) -> str:
    return "–" if trial.score is None else f"{trial.score:.4f}"


def _format_settings(trial: Trial) -> str:
    """Format the settings of a trial in one line."""
    values = ((name, f"{value:g}" if isinstance(value, float) else value) for name, value in trial.values.items())
    return ", ".join(f"{name}={value}" for name, value in values)


def _flatten(trial: Trial, fields: dict[str, str]) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.state,
        "score": trial.score,
        **{field: trial.values.get(field) for field in fields},
        **{f"score_{at}": score for at, score in enumerate(trial.scores)},
        "epochs": trial.epochs,
        "seconds": round(trial.seconds, 1),
        "runs": " ".join(trial.runs),
        "error": trial.error,
    }
