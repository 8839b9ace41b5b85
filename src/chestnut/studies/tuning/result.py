"""`Tuning`: the outcome of a search for better settings, trial by trial.

Made by `tune`, drawn by `evaluation.search_figures`, shown by `report` and `cli`. All figures are of the validation
images; those of the best trial flatter, since the best of many was chosen by them.
"""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from chestnut.evaluation.selection_bias import Gain

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

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the keys are the attributes."""
        return asdict(self)

    @property
    def table(self) -> pd.DataFrame:
        """One row a trial: number, state, score, a column a field, epochs, seconds, runs, error."""
        import pandas as pd

        return pd.DataFrame([_flat(trial, self.space) for trial in self.trials])

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{html.escape(text)}</li>" for text in (*self.sentences, *self.notes))
        return f"{self.table.to_html(index=False, float_format='{:.4g}'.format)}<ul>{said}</ul>"


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
