"""`Tuning`: the outcome of a search for better settings, trial by trial.

Made by `tune`, drawn by `evaluation.search_figures`, shown by `report` and `cli`. All figures are of the validation
images; those of the best trial flatter, since the best of many was chosen by them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from chestnut.evaluation.html_table import html_table
from chestnut.evaluation.selection_bias import Gain
from chestnut.figures.notebook import picture_html

State = Literal["finished", "pruned", "failed", "running"]


@dataclass(frozen=True)
class Trial:
    """One choice of settings, and what came of it.

    Attributes:
        number: From 0, in the order of asking; -1 for the recipe's own settings.
        state: `pruned` where its learning curve was among the worse ones and it was stopped for that; `failed` where
            a run of it ended in an error; `running` where the search was stopped before the trial had ended.
        values: The settings, by recipe field; empty for the recipe's own.
        score: Mean of `scores`; None where there are none.
        scores: The objective of each finished execution at the epoch it kept; of a pruned trial the best it reached.
        epochs: Epochs trained, over all executions.
        seconds: Of its jobs, each from its start to its end, all executions together.
        runs: Names of its runs' folders.
        error: Why it failed, in one line.
    """

    number: int
    state: State
    values: dict[str, Any]
    score: float | None
    scores: tuple[float, ...]
    epochs: int
    seconds: float
    runs: tuple[str, ...]
    error: str = ""

    @property
    def name(self) -> str:
        """What to call it."""
        return "default" if self.number < 0 else f"trial {self.number}"


@dataclass(frozen=True)
class Tuning:
    """A search.

    Attributes:
        recipe: Name of the recipe that was searched around.
        search: `random`, `hyperband` or `bayesian`.
        objective: `auroc`, `accuracy` or `loss`, of the validation images.
        executions: Runs of each trial.
        space: What was searched, in words, by recipe field.
        trials: In the order of asking.
        default: The recipe's own settings; None where its runs failed.
        best: Number of the best trial; None where none finished.
        importance: Share of the objective's variance that each field explains (0..1, summing to 1), the largest first;
            empty where too few trials finished.
        gain: What the best is ahead of the default, corrected for having been chosen; None where either is missing.
        sentences: What was found, in plain words; the first says whether the best can be told from the default.
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
        """One row a trial: number, state, score, a column a field, epochs, seconds, runs, error."""
        import pandas as pd

        return pd.DataFrame([_flat(trial, self.space) for trial in self.trials])

    def _repr_html_(self) -> str:
        trials = [*(() if self.default is None else (self.default,)), *self.trials]
        rows = [(trial.name, trial.state, _score(trial), _settings(trial), trial.error) for trial in trials]
        columns = ("trial", "state", self.objective, "settings", "error")
        table = html_table(rows, columns, f"{self.search} search around {self.recipe}", (*self.sentences, *self.notes))
        figure = "" if self.path is None else picture_html(self.path / "figures" / "history.png", "Score of each trial")
        return table + figure


def _score(trial: Trial) -> str:
    return "–" if trial.score is None else f"{trial.score:.4f}"


def _settings(trial: Trial) -> str:
    """Format the settings of a trial in one line."""
    values = ((name, f"{value:g}" if isinstance(value, float) else value) for name, value in trial.values.items())
    return ", ".join(f"{name}={value}" for name, value in values)


def _flat(trial: Trial, fields: dict[str, str]) -> dict[str, Any]:
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
