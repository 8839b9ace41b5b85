"""Every figure of an evaluation, drawn into its folder.

Called by `inference` and `search`; computes the curves by `curves` and draws them by `figures`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from chestnut.evaluation import curves, figures
from chestnut.evaluation.metrics import Evaluation


def draw_evaluation(
    folder: Path,
    evaluation: Evaluation,
    targets: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    patients: npt.NDArray[np.str_],
) -> None:
    """Draw the confusion matrix, and the curves of every class that has images within it and without.

    Args:
        folder: Where the PNG files are to stand.
        evaluation: Of these images.
        targets: Class numbers, shape (n,).
        probabilities: Shape (n, k).
        patients: Identities, shape (n,).

    Raises:
        DiskError: A file cannot be written.
    """
    figures.save(figures.confusion_figure(evaluation), folder / "confusion.png")
    shown = [evaluation.positive] if evaluation.positive is not None else evaluation.classes
    columns = {name: evaluation.classes.index(name) for name in shown if 0 < evaluation.counts[name] < len(targets)}
    if not columns:
        return
    truth = {name: (targets == column, probabilities[:, column], patients) for name, column in columns.items()}
    threshold = evaluation.threshold
    roc = {name: curves.roc(*given, threshold=threshold) for name, given in truth.items()}
    figures.save(figures.roc_figure(roc), folder / "roc.png")
    ranked = {name: curves.precision_recall(*given, threshold=threshold) for name, given in truth.items()}
    figures.save(figures.precision_recall_figure(ranked), folder / "precision_recall.png")
    reliability = {name: curves.reliability(*given) for name, given in truth.items()}
    figures.save(figures.reliability_figure(reliability), folder / "reliability.png")
