"""Complete the bundle of a trained network by what is learnt from its validation images, and evaluate it on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from chestnut.data.cache.cache import Decoded
from chestnut.errors import BundleError
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.calibration.temperature import Calibration, calibrate, rescale_threshold
from chestnut.evaluation.metrics import Evaluation
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.bundle import Bundle
from chestnut.inference.engine_choice import open_quickest
from chestnut.inference.engines.engine import Engine
from chestnut.inference.evaluate import evaluate_known
from chestnut.inference.own_images import decode_own
from chestnut.inference.pictures.calibration import draw_calibration
from chestnut.inference.reference import PART, Reference
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.inference.run_guard import add_guard
from chestnut.inference.thresholds import change_with_threshold
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True, eq=False)
class Validation:
    """The validation images of a run, and what its network computes from them.

    Attributes:
        decoded: The images.
        logits: Their logits, shape (n, classes), or (n, 1) from a sigmoid head.
    """

    decoded: Decoded
    logits: Floats

    @classmethod
    def compute(cls, engine: Engine, decoded: Decoded, bars: Bars = silent) -> Self:
        """Compute the logits of validation images.

        Raises:
            BundleError: A logit is NaN or infinite.
        """
        with bars("Predicting val") as tick:
            return cls(decoded, engine.finite_logits(decoded.pixels, decoded.manifest.paths, tick))

    def probabilities(self, temperature: float) -> Floats:
        """Return the probabilities at a temperature, shape (n, classes)."""
        return probabilities(self.logits, temperature)

    def reference(self) -> Reference:
        """Return the reference of prediction sets."""
        manifest = self.decoded.manifest
        return Reference.build(self.logits, manifest.targets, manifest.patients)


def finish_bundle(
    run: RunFolder,
    decoded: Decoded,
    bars: Bars = silent,
    *,
    command: str = "",
    temperature: bool | None = None,
    guarded: bool = True,
) -> Evaluation:
    """Fit what a bundle knows beside its network, and evaluate the run on its validation images by it.

    The temperature is fitted, the reference of prediction sets is kept, and a guard is fitted if there is none and
    there are images enough.

    Args:
        run: A run with a bundle.
        decoded: The images of the run, or those of them that are for validation.
        bars: Shows the progress.
        command: The command line, for the history of thresholds: one that was chosen changes with the temperature.
        temperature: Whether to fit the temperature; None if the recipe says so.
        guarded: Whether to fit a guard.

    Returns:
        The evaluation of the validation images, which is also written.

    Raises:
        DataError: There are no validation images.
        BundleError: The network's output for an image is NaN or infinite.
    """
    bundle = read_run_bundle(run)
    engine = open_quickest(bundle)
    validation = Validation.compute(engine, decoded.only("val"), bars)
    wanted = run.recipe.train.calibrate == "temperature" if temperature is None else temperature
    facts = fit_temperature(bundle, validation) if wanted else {}
    bundle = change_with_threshold(run, facts, command, parts={PART: validation.reference().to_part()})
    evaluation = evaluate_known(run, "val", validation.decoded, validation.probabilities(bundle.temperature), bundle)
    if not run.record.undrawn:
        manifest = validation.decoded.manifest
        draw_calibration(run, bundle, validation.logits, manifest.targets, manifest.patients)
    if guarded:
        add_guard(run, engine, bars)
    return evaluation


def calibrate_run(run: RunFolder, *, command: str = "", bars: Bars = silent) -> Calibration:
    """Fit what the bundle of a trained run knows beside its network once more, whatever the recipe says.

    Args:
        run: A trained run.
        command: The command line to name in the history of thresholds.
        bars: Shows the progress.

    Returns:
        How the temperature was fitted, or why it stays 1.

    Raises:
        DataError: Validation images are missing, cannot be read or have changed.
        BundleError: The bundle is missing or was changed.
    """
    decoded = decode_own(run, read_run_bundle(run), "val", bars=bars)
    finish_bundle(run, decoded, bars, command=command, temperature=True)
    found = read_run_bundle(run).calibration
    if found is None:
        raise BundleError(f"{run.path} was changed while it was calibrated; run the command again")
    return found


def fit_temperature(bundle: Bundle, validation: Validation) -> dict[str, Any]:
    """Fit the temperature, and return the facts of the bundle that change with it; no decision does."""
    manifest = validation.decoded.manifest
    found = calibrate(manifest.targets, validation.logits, number_patients(manifest.patients)[0])
    facts: dict[str, Any] = {"temperature": found.temperature, "calibration": found}
    if bundle.positive is not None:
        facts["threshold"] = rescale_threshold(bundle.threshold, bundle.temperature, found.temperature)
        if bundle.operating_point is not None:
            facts["operating_point"] = bundle.operating_point.rescaled(bundle.temperature, found.temperature)
    return facts
