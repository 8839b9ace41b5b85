"""Complete the bundle of a trained network by what is learnt from its validation images, and evaluate it on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from chestnut.data.cache.cache import Decoded
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.calibration.temperature import calibrate, rescale_threshold
from chestnut.evaluation.metrics import Evaluation
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.bundle import Bundle
from chestnut.inference.evaluate import evaluate_known
from chestnut.inference.keras_engine import KerasEngine
from chestnut.inference.reference import PART, Reference
from chestnut.inference.run_bundle import change_run_bundle, read_run_bundle
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
    def compute(cls, engine: KerasEngine, decoded: Decoded, bars: Bars = silent) -> Self:
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


def finish_bundle(run: RunFolder, decoded: Decoded, bars: Bars = silent) -> Evaluation:
    """Fit what a bundle knows beside its network, and evaluate the run on its validation images by it.

    The temperature is fitted if the recipe wants that, and the reference of prediction sets is kept.

    Args:
        run: A run whose bundle has just been written.
        decoded: The images of the run, or those of them that are for validation.
        bars: Shows the progress.

    Returns:
        The evaluation of the validation images, which is also written.

    Raises:
        DataError: There are no validation images.
        BundleError: The network's output for an image is NaN or infinite.
    """
    bundle = read_run_bundle(run)
    validation = Validation.compute(KerasEngine.open(bundle), decoded.only("val"), bars)
    facts = {} if run.recipe.train.calibrate == "none" else fit_temperature(bundle, validation)
    bundle = change_run_bundle(run, {PART: validation.reference().to_part()}, **facts)
    return evaluate_known(run, "val", validation.decoded, validation.probabilities(bundle.temperature), bundle)


def fit_temperature(bundle: Bundle, validation: Validation) -> dict[str, Any]:
    """Fit the temperature, and return the facts of the bundle that change with it; no decision does."""
    manifest = validation.decoded.manifest
    found = calibrate(manifest.targets, validation.logits, number_patients(manifest.patients)[0])
    threshold = bundle.threshold
    if bundle.positive is not None:
        threshold = rescale_threshold(threshold, bundle.temperature, found.temperature)
    return {"temperature": found.temperature, "calibration": found, "threshold": threshold}
