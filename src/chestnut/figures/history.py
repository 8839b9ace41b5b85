"""Draw the history of one training: loss and metrics by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chestnut.evaluation.metric_names import heading
from chestnut.figures.style import MUTED, SERIES, WHOLE, add_legend, legend_line, new_figure, style_axes

if TYPE_CHECKING:
    import pandas as pd


def history_figure(history: pd.DataFrame, best_epoch: int | None = None) -> Figure:
    """Draw the loss and metrics of training and validation by epoch, and mark the best epoch.

    Args:
        history: A table with one row per epoch. Its columns are `epoch` and any of `loss`, `accuracy`,
            `balanced_accuracy`, `auroc`, and the same with the prefix `val_`.
        best_epoch: The epoch whose weights were kept; None for the one with the lowest validation loss.
    """
    known = ("loss", "accuracy", "balanced_accuracy", "auroc")
    shown = [name for name in known if name in history or f"val_{name}" in history]
    if best_epoch is None and "val_loss" in history and history["val_loss"].notna().any():
        best_epoch = int(history["epoch"].to_numpy()[np.nanargmin(history["val_loss"].to_numpy())])
    figure = new_figure(min(WHOLE, 3.4 * len(shown) + 0.4), 3.3)
    for axes, name in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        style_axes(axes, "Epoch", heading(name))
        for column, colour, width in ((name, MUTED, 1.4), (f"val_{name}", SERIES[0], 2.0)):
            if column in history:
                marker = "o" if len(history) < 3 else ""
                axes.plot(history["epoch"], history[column], color=colour, linewidth=width, marker=marker, markersize=4)
        if best_epoch is not None:
            axes.axvline(best_epoch, color=SERIES[1], linewidth=1.2, dashes=(4, 3), zorder=1)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    entries = [legend_line(MUTED, "training"), legend_line(SERIES[0], "validation")]
    if best_epoch is not None:
        label = f"best epoch: {best_epoch}" if best_epoch else "best: the start"
        entries.append(legend_line(SERIES[1], label, dashed=True))
    add_legend(figure, entries, columns=3)
    return figure
