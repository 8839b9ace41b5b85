"""Draw a search: the score of each trial, how much each setting matters, and the settings behind each score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from chestnut.evaluation.metric_names import in_words
from chestnut.evaluation.selection_bias import OBJECTIVES
from chestnut.figures.parallel_axes import Scale, draw_scale, make_scale, wrap_field
from chestnut.figures.style import (
    INK,
    MARK,
    MUTED,
    RULE,
    SERIES,
    TICK,
    add_legend,
    legend_line,
    new_figure,
    set_title,
    shorten,
    style_axes,
)

#: The shades from the worst score to the best; even the palest is visible on white.
_SHADES = LinearSegmentedColormap.from_list("scores", ["#c3d9ea", "#5a9ecb", "#0b3d6e"])
_BEST, _FAILED = SERIES[1], "#9b1c1c"
#: The marker, fill colour and edge colour of each state.
_MARKS: dict[str, tuple[str, str, str]] = {
    "finished": ("o", SERIES[0], "white"),
    "pruned": ("s", "white", MUTED),
    "failed": ("X", _FAILED, _FAILED),
    "running": ("o", "white", SERIES[0]),
}


class Shown(Protocol):
    """The facts about a trial that figures show."""

    @property
    def number(self) -> int:
        """The trial's number, from 0, in the order of starting."""

    @property
    def state(self) -> str:
        """The state: `finished`, `pruned`, `failed` or `running`."""

    @property
    def values(self) -> Mapping[str, Any]:
        """The settings by recipe field."""

    @property
    def score(self) -> float | None:
        """The value of the objective; None if there is none yet."""


def history_figure(trials: Sequence[Shown], objective: str, default: float | None = None) -> Figure:
    """Draw the score of each trial in order, the best so far, and the score of the recipe's own settings.

    Args:
        trials: One or more trials.
        objective: The objective: `auroc`, `accuracy` or `loss`.
        default: The score of the recipe's own settings; None if there is none.
    """
    words, more = in_words(objective), OBJECTIVES[objective]
    figure = new_figure(9.6, 4.2)
    axes = style_axes(figure.subplots(), "Trial", f"Validation {words}")
    low, high = _limits(trials, more, default)
    axes.set_ylim(low, high)
    axes.set_xlim(min(trial.number for trial in trials) - 0.6, max(trial.number for trial in trials) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    edge = low if more else high
    beyond = 0
    for trial in trials:
        shape, fill, rim = _MARKS[trial.state]
        height = edge if trial.score is None else trial.score
        if not low <= height <= high:
            beyond, height, shape = beyond + 1, edge, "v" if more else "^"
        style: dict[str, Any] = {"markeredgecolor": rim, "markersize": 8, "linestyle": "", "clip_on": False}
        axes.plot(trial.number, height, marker=shape, markerfacecolor=fill, zorder=4, **style)
    entries = _state_entries(trials)
    _draw_best_so_far(axes, trials, more, entries)
    if default is not None:
        axes.axhline(default, color=INK, linewidth=1.2, dashes=(4, 3), zorder=2)
        entries.append(legend_line(INK, f"the recipe’s own settings: {default:.3f}", dashed=True))
    keys = ["without a score: at the edge"] if any(trial.score is None for trial in trials) else []
    keys += [f"arrow: {'below' if more else 'above'} the axis ({beyond})"] if beyond else []
    better = "higher" if more else "lower"
    set_title(
        axes,
        f"Validation {words} by trial",
        "; ".join([f"{better} is better; the best score is too good, as it was chosen", *keys]),
    )
    add_legend(figure, entries, columns=3)
    return figure


def importance_figure(importance: Mapping[str, float], objective: str) -> Figure:
    """Draw the share of the differences between trials that each field explains, the largest at the top.

    Args:
        importance: The shares, 0..1, by recipe field, the largest first; at least one.
        objective: The objective: `auroc`, `accuracy` or `loss`.
    """
    figure = new_figure(9.6, 1.5 + 0.36 * len(importance))
    axes = style_axes(figure.subplots(), f"Share of the differences in validation {in_words(objective)}", "")
    places = range(len(importance))
    axes.barh(places, list(importance.values()), height=0.62, color=SERIES[0])
    for at, share in enumerate(importance.values()):
        text = f"{share:.0%}" if share >= 0.005 else "under 1%"
        axes.annotate(text, (share, at), (6, 0), textcoords="offset points", va="center", size=TICK, color=INK)
    axes.set_yticks(places, [shorten(field, 40) for field in importance])
    axes.set_ylim(len(importance) - 0.5, -0.5)
    axes.set_xlim(0, 1.12 * max(*importance.values(), 0.1))
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    set_title(axes, "How much each setting matters", "estimated from the trials of this search, within its ranges")
    return figure


def parallel_figure(
    trials: Sequence[Shown],
    fields: Sequence[str],
    objective: str,
    best: int | None = None,
    default: float | None = None,
    log: Collection[str] = (),
) -> Figure:
    """Draw a line per trial through its settings to its score.

    Args:
        trials: One or more trials.
        fields: The searched fields, each of which gets an axis.
        objective: The objective: `auroc`, `accuracy` or `loss`.
        best: The number of the trial to draw thick.
        default: The score of the recipe's own settings, marked on the last axis.
        log: The fields whose axis is logarithmic.
    """
    words, more = in_words(objective), OBJECTIVES[objective]
    low, high = _limits(trials, more, default)
    scales = [make_scale([trial.values.get(field) for trial in trials], field in log) for field in fields]
    score = Scale.linear(low, high) if more else Scale.linear(low, high).flipped()
    figure = new_figure(min(11.2, max(7.4, 2.6 + 1.15 * len(fields))), 4.9)
    axes = figure.subplots()
    axes.set(xlim=(-0.45, len(fields) + 0.3), ylim=(-0.06, 1.02))
    axes.axis("off")
    shade = Normalize(0, 1)
    for trial in sorted(trials, key=lambda one: _depth(one, best, more)):
        heights = [scale.place(trial.values.get(field)) for scale, field in zip(scales, fields, strict=True)]
        if trial.score is not None:
            heights.append(float(np.clip(score.place(trial.score), -0.04, 1)))
        colour = _SHADES(shade(heights[-1])) if trial.score is not None else RULE
        axes.plot(range(len(heights)), heights, solid_joinstyle="round", **_look(trial, best, colour))
    names = [wrap_field(field) for field in fields]
    for at, (name, scale) in enumerate(zip((*names, words), (*scales, score), strict=True)):
        draw_scale(axes, at, scale, name, right=at == len(fields))
    entries = _line_entries(trials, best)
    if default is not None:
        height = float(np.clip(score.place(default), -0.04, 1))
        axes.plot(len(fields), height, color=INK, linestyle="", markersize=8, zorder=7, **MARK | {"marker": "D"})
        style: dict[str, Any] = {"linestyle": "", "marker": "D", "markersize": 6}
        entries.append(Line2D([], [], color=INK, label=f"the recipe’s own settings: {default:.3f}", **style))
    subtitle = f"each line is a trial; the darker, the better its validation {words}"
    set_title(axes, "Settings and scores", subtitle, 13 * max(name.count("\n") + 1 for name in (*names, words)) + 6)
    add_legend(figure, entries, columns=3)
    return figure


def _limits(trials: Sequence[Shown], more: bool, default: float | None) -> tuple[float, float]:
    """Return the ends of the axis of scores: from the best score to four times the median's distance from it.

    Without this limit, a trial that learned nothing would flatten the differences between the others.
    """
    sign = 1 if more else -1
    known = [sign * trial.score for trial in trials if trial.score is not None]
    finished = [sign * trial.score for trial in trials if trial.score is not None and trial.state == "finished"]
    own = [] if default is None else [sign * default]
    if not (known or own):
        return 0.0, 1.0
    top = max(known + own)
    middle = float(np.median(finished or known or own))
    least = max(min(known + own), top - 4 * max(top - middle, 0.005))
    least = min([least, *own])
    pad = max(0.08 * (top - least), 0.002)
    if more:
        return least - pad, min(top + pad, 1.0)
    return max(-(top + pad), 0.0), pad - least


def _draw_best_so_far(axes: Axes, trials: Sequence[Shown], more: bool, entries: list[Line2D]) -> None:
    finished = [(one.number, one.score) for one in trials if one.state == "finished" and one.score is not None]
    if not finished:
        return
    numbers, scores = zip(*finished, strict=True)
    so_far = (np.maximum if more else np.minimum).accumulate(np.array(scores))
    across = [*numbers, axes.get_xlim()[1]]
    axes.step(across, [*so_far, so_far[-1]], where="post", color=_BEST, linewidth=2, zorder=3)
    chosen = numbers[int(np.argmax(np.array(scores) == so_far[-1]))]
    entries.append(legend_line(_BEST, f"best so far; trial {chosen}: {so_far[-1]:.3f}"))


def _state_entries(trials: Sequence[Shown]) -> list[Line2D]:
    counts = Counter(trial.state for trial in trials)
    entries = []
    for state, (shape, fill, rim) in _MARKS.items():
        if state in counts:
            style: dict[str, Any] = {"markerfacecolor": fill, "markeredgecolor": rim, "markersize": 8, "linestyle": ""}
            entries.append(Line2D([], [], marker=shape, label=f"{state} ({counts[state]})", **style))
    return entries


def _depth(trial: Shown, best: int | None, more: bool) -> tuple[bool, bool, float]:
    """Return a drawing order, as later lines cover earlier ones: pruned and failed first, then by score, best last."""
    score = -np.inf if trial.score is None else (trial.score if more else -trial.score)
    return trial.number == best, trial.state == "finished", score


def _look(trial: Shown, best: int | None, colour: Any) -> dict[str, Any]:
    if trial.number == best:
        return {"color": _BEST, "linewidth": 3.2, "zorder": 4}
    if trial.state == "finished":
        return {"color": colour, "linewidth": 1.5, "alpha": 0.9, "zorder": 3}
    if trial.state == "failed":
        return {"color": _FAILED, "linewidth": 1, "linestyle": "dotted", "zorder": 2}
    return {"color": RULE, "linewidth": 0.9, "zorder": 2}


def _line_entries(trials: Sequence[Shown], best: int | None) -> list[Line2D]:
    entries = []
    states = {trial.state for trial in trials if trial.number != best}
    for trial in trials:
        if trial.number == best:
            known = "" if trial.score is None else f": {trial.score:.3f}"
            entries.append(Line2D([], [], color=_BEST, linewidth=3.2, label=f"best, trial {best}{known}"))
    if "finished" in states:
        entries.append(legend_line(SERIES[0], "finished"))
    if states & {"pruned", "running"}:
        names = " or ".join(state for state in ("pruned", "running") if state in states)
        entries.append(Line2D([], [], color=RULE, linewidth=1.2, label=names))
    if "failed" in states:
        entries.append(Line2D([], [], color=_FAILED, linewidth=1, linestyle="dotted", label="failed"))
    return entries
