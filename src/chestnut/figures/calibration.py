"""Draw reliability before and after a temperature was fitted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.curves import reliability
from chestnut.evaluation.operating.choice import Truth
from chestnut.figures.evaluation import reliability_figure


def calibration_figure(
    truth: Truth, before: Floats, after: Floats, patients: npt.NDArray[np.str_], temperature: float
) -> Figure:
    """Draw the observed share against the predicted probability, before and after calibration.

    Args:
        truth: Whether what is predicted is true, shape (n,).
        before: Its probability at temperature 1, shape (n,).
        after: Its probability with each patient at a temperature that was fitted without that patient, shape (n,).
        patients: The patient of each image, shape (n,).
        temperature: The temperature that was fitted to all patients.
    """
    curves = {"before": reliability(truth, before, patients)}
    curves[f"at {temperature:.3g}, cross-fitted"] = reliability(truth, after, patients)
    return reliability_figure(curves, "Reliability before and after calibration")
