"""The table of the trials of a tuning."""

from __future__ import annotations

from statistics import stdev
from typing import TYPE_CHECKING, Any

from rich.table import Table

from chestnut.cli.shared.live_training import clock
from chestnut.cli.shared.tables import table
from chestnut.evaluation.metric_names import in_words

if TYPE_CHECKING:
    from chestnut.studies.tuning.result import Trial, Tuning

_SHOWN = 5
_COLUMNS = ("", "settings", "epochs", "time")


def trials_table(result: Tuning) -> Table:
    """Return the best few trials and the recipe's own settings, with the spread over executions."""
    sign = 1 if result.objective == "loss" else -1
    finished = [trial for trial in result.trials if trial.state == "finished"]
    best = sorted(finished, key=lambda trial: (sign * (trial.score or 0.0), trial.number))[:_SHOWN]
    columns = (_COLUMNS[0], f"val {in_words(result.objective)}", *_COLUMNS[1:])
    title = f"The best {len(best)} of {len(result.trials)} trials" if len(best) > 1 else "The best trial"
    made = table(title, columns, _COLUMNS[2:], ("time", "epochs"))
    for trial in best:
        made.add_row(*_cells(trial), style="bold green" if trial.number == result.best else None)
    if result.default is not None:
        made.add_row(*_cells(result.default))
    return made


def _cells(trial: Trial) -> list[str]:
    scores = [score for score in trial.scores if score is not None]
    spread = f" ± {stdev(scores):.4f}" if len(scores) > 1 else ""
    settings = ", ".join(f"{key} = {_write(value)}" for key, value in trial.values.items())
    return [trial.name, f"{trial.score:.4f}{spread}", settings, str(trial.epochs), clock(trial.seconds)]


def _write(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
