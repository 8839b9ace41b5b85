"""Calibrate a trained run, and choose the threshold that it decides by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from chestnut.evaluation.calibration.temperature import Calibration
    from chestnut.evaluation.operating.point import OperatingPoint


class Calibrated:
    """What a run can do about its probabilities and its decisions.

    Attributes:
        folder: The files of the run.
    """

    folder: RunFolder

    @property
    def calibration(self) -> Calibration | None:
        """How the temperature was fitted, or why it was left at 1; None if that was never tried."""
        from chestnut.inference.run_bundle import read_run_bundle

        return read_run_bundle(self.folder).calibration

    @property
    def operating_point(self) -> OperatingPoint | None:
        """The threshold that a rule chose, and what it promises; None if no rule chose it."""
        from chestnut.inference.run_bundle import read_run_bundle

        return read_run_bundle(self.folder).operating_point

    def calibrate(self, **options: Unpack[DisplayOptions]) -> Calibration:
        """Fit the temperature to the run's validation images, as training does, and evaluate them again.

        A run that was made before there were temperatures gets one. No decision changes: the threshold is put on the
        new scale.

        Args:
            **options: `quiet` and `display`; see `DisplaySettings`.

        Raises:
            DataError: Validation images cannot be read or have changed.
            BundleError: The bundle is missing or was changed.
        """
        how = read_options(DisplaySettings, options)
        from chestnut.inference.finish import calibrate_run

        return calibrate_run(self.folder, command=how.command or "run.calibrate()", bars=how.shown.bar)

    def choose_threshold(
        self, rule: str, *, on: str = "val", seed: int = 0, **options: Unpack[DisplayOptions]
    ) -> OperatingPoint:
        """Choose the threshold by a rule, keep it in the run, and evaluate the validation images by it.

        Args:
            rule: `youden`, `f1`, `sensitivity=SHARE`, `specificity=SHARE`, `cost=FN:FP`, `prevalence=SHARE`, or
                `fixed=PROBABILITY` for one of your own.
            on: `val` for the validation images as they are; `stress` for the same under all shifts, which are computed
                if they were not before.
            seed: The seed of the halves of the patients, of which each is judged by the threshold of the other.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Returns:
            The threshold, with the sensitivity and specificity that it promises.

        Raises:
            DataError: The rule is unknown or cannot be met, or the run has more than two classes; nothing is changed.
            BundleError: The bundle is missing or was changed.
        """
        from chestnut.evaluation.operating.point import read_source
        from chestnut.evaluation.operating.rule import Rule

        how, wanted, images = read_options(DisplaySettings, options), Rule.parse(rule), read_source(on)
        from chestnut.explain.mistake_gallery import draw_mistakes
        from chestnut.robustness.threshold import choose_threshold

        command = how.command or f"run.choose_threshold({rule!r}, on={on!r})"
        found = choose_threshold(self.folder, wanted, images, seed=seed, command=command, bars=how.shown.bar)
        draw_mistakes(self.folder, "val", how.shown.bar)
        return found
