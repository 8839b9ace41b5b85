"""Read the calibration and the threshold of a run for its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chestnut.evaluation.calibration.temperature import Calibration
from chestnut.evaluation.operating.point import OperatingPoint
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.report.identities import Identities
from chestnut.report.render import picture
from chestnut.report.sections.drawings import Drawing
from chestnut.runs.folder import RunFolder
from chestnut.runs.record import ThresholdChange

_CAPTION = (
    "Where a line is above the diagonal, more images are positive than the network says, and where it is below, fewer. "
    "After calibration the line should be nearer to the diagonal."
)


@dataclass(frozen=True)
class CalibrationSection:
    """The calibration and the threshold of a run.

    Attributes:
        calibration: How the temperature was fitted, or why it was not; None if that was never tried.
        temperature: The number that divides the logits.
        drawing: The figure of reliability before and after; None where there is none.
        positive: The positive class of two; None for more.
        threshold: The threshold of two classes.
        point: How the threshold was chosen; None for one that no rule chose.
        changes: The changes of the threshold, oldest first.
    """

    calibration: Calibration | None
    temperature: float
    drawing: Drawing | None
    positive: str | None
    threshold: float
    point: OperatingPoint | None
    changes: Sequence[ThresholdChange]


def read_calibration_section(run: RunFolder, names: Identities) -> CalibrationSection | None:
    """Read the calibration and the threshold of a run; None where it has no bundle.

    Args:
        run: The run.
        names: What to call files and folders in commands.

    Raises:
        BundleError: bundle.json was changed or is damaged.
    """
    bundle = find_run_bundle(run)
    if bundle is None:
        return None
    found = picture(run.evaluation("val") / "calibration.png")
    changes = [one.model_copy(update={"command": names.command(one.command)}) for one in run.record.thresholds]
    return CalibrationSection(
        bundle.calibration,
        bundle.temperature,
        None if found is None else Drawing("Reliability before and after", _CAPTION, found),
        bundle.positive,
        bundle.threshold,
        bundle.operating_point,
        changes,
    )
