"""Draw the figures of subgroups: a row for each group, a panel for each figure, and a line for all images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.metric_names import heading
from chestnut.evaluation.metrics import Evaluation
from chestnut.evaluation.subgroups import Group, Subgroups
from chestnut.figures.saving import remove_both, save_both
from chestnut.figures.style import INK, MARK, MUTED, SERIES, TICK, WHOLE, new_figure, shorten, style_axes

_SHOWN = ("auroc", "sensitivity", "specificity", "accuracy")
_GAP = 0.3


def draw_subgroups(folder: Path, evaluation: Evaluation) -> None:
    """Write subgroups.png beside an evaluation, or remove an earlier one if this evaluation has no groups.

    Raises:
        DiskError: The file cannot be written.
    """
    path = folder / "subgroups.png"
    if divided := [one for one in evaluation.subgroups if one.divided]:
        save_both(subgroups_figure(divided, evaluation.metrics), path)
    else:
        remove_both(path)


def subgroups_figure(subgroups: Sequence[Subgroups], overall: Mapping[str, Estimate]) -> Figure:
    """Draw every group of every column.

    Args:
        subgroups: The groups of each column.
        overall: The figures of all images, by the names of metrics.

    Returns:
        Open points mark groups that are too small to be compared; orange ones differ from the others.
    """
    names = [name for name in _SHOWN if any(name in group.metrics for one in subgroups for group in one.groups)]
    names = [name for name in names if name != "accuracy"] or names
    rows = _place(subgroups)
    height = max((at for at, _ in rows), default=0.0) + 1
    figure = new_figure(min(WHOLE, 2.4 + 2.3 * max(len(names), 1)), 1.5 + 0.34 * height)
    panels = figure.subplots(1, max(len(names), 1), sharey=True, squeeze=False)[0]
    low = _lowest(subgroups, names)
    for axes, name in zip(panels, names, strict=False):
        style_axes(axes, "", "")
        axes.set_title(heading(name), loc="left", size=11, weight="bold", color=INK)
        _draw_overall(axes, overall.get(name))
        for at, item in rows:
            if isinstance(item, Group):
                _draw(axes, at, item, name)
        axes.set_xlim(low, 1.01)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    _label(panels[0], rows, height)
    return figure


def _place(subgroups: Sequence[Subgroups]) -> list[tuple[float, Group | str]]:
    """Return what stands at each height: the name of a column, and its groups below."""
    rows: list[tuple[float, Group | str]] = []
    at = 0.0
    for one in subgroups:
        rows.append((at, one.column))
        for group in one.groups:
            at += 1
            rows.append((at, group))
        at += 1 + _GAP
    return rows


def _lowest(subgroups: Sequence[Subgroups], names: Sequence[str]) -> float:
    """Return where the axes begin: at the lowest end of an interval, at a tenth below it."""
    groups = [group for one in subgroups for group in one.groups]
    ends = [group.metrics[name].low for group in groups for name in names if name in group.metrics]
    known = [end for end in ends if end is not None]
    return max(0.0, min((int(10 * min(known, default=0.0)) / 10, 0.9)) - 0.01)


def _draw_overall(axes: Axes, estimate: Estimate | None) -> None:
    if estimate is not None and estimate.value is not None:
        axes.axvline(estimate.value, color=MUTED, linewidth=1, dashes=(4, 3), zorder=1)


def _draw(axes: Axes, at: float, group: Group, name: str) -> None:
    estimate = group.metrics.get(name)
    if estimate is None or estimate.value is None:
        return
    difference = group.differences.get(name)
    colour = SERIES[1] if difference is not None and difference.stands_out else SERIES[0]
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [at, at], color=colour, alpha=0.4, linewidth=4, solid_capstyle="butt")
    few = group.has_few(name)
    style, face = ({**MARK, "markeredgecolor": colour}, "white") if few else (MARK, colour)
    axes.plot(estimate.value, at, color=colour, markerfacecolor=face, linestyle="", markersize=7, **style)


def _label(axes: Axes, rows: Sequence[tuple[float, Group | str]], height: float) -> None:
    texts = [
        shorten(item, 26) if isinstance(item, str) else f"{shorten(item.name, 22)}  ({item.patients:,})"
        for _, item in rows
    ]
    axes.set_yticks([at for at, _ in rows], texts)
    axes.set_ylim(height - 0.4, -0.6)
    for label, (_, item) in zip(axes.get_yticklabels(), rows, strict=True):
        if isinstance(item, str):
            label.set_fontweight("bold")
        label.set_fontsize(TICK)
