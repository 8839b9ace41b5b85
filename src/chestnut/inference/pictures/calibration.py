"""Draw how well the probabilities of a run agree with what happened, before and after its temperature was fitted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.calibration.temperature import cross_fit
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.softmax import probabilities
from chestnut.figures.calibration import calibration_figure
from chestnut.figures.saving import remove_both, save_both
from chestnut.inference.bundle import Bundle
from chestnut.runs.folder import RunFolder


def draw_calibration(
    run: RunFolder,
    bundle: Bundle,
    logits: npt.NDArray[np.floating],
    targets: npt.NDArray[np.int64],
    patients: npt.NDArray[np.str_],
) -> None:
    """Write `evaluation/val/calibration.png`; without a fitted temperature there is none, and an old one is removed.

    Of more than two classes, the probability of the likeliest one is compared with how often it is the true one.

    Args:
        run: The run.
        bundle: Its bundle.
        logits: What the network computes from the validation images, shape (n, classes), or (n, 1) from a sigmoid head.
        targets: The number of each image's true class, shape (n,).
        patients: The patient of each image, shape (n,).

    Raises:
        DiskError: The file cannot be written.
    """
    path = run.evaluation("val") / "calibration.png"
    if bundle.calibration is None or bundle.calibration.reason:
        remove_both(path)
        return
    before = probabilities(logits)
    after = probabilities(cross_fit(targets, logits, number_patients(patients)[0]))
    number = before.argmax(axis=1) if bundle.positive is None else np.ones(len(before), dtype=np.int64)
    truth, rows = targets == number, np.arange(len(before))
    figure = calibration_figure(truth, before[rows, number], after[rows, number], patients, bundle.temperature)
    save_both(figure, path)
