"""Choose the threshold of a run by a rule, on its validation images as they are or under all shifts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.operating.choice import Truth
from chestnut.evaluation.operating.point import OperatingPoint, Source, choose_point
from chestnut.evaluation.operating.rule import Rule
from chestnut.evaluation.patients import number_patients
from chestnut.inference.bundle import Bundle
from chestnut.inference.engine_choice import open_quickest
from chestnut.inference.evaluate import evaluate_known
from chestnut.inference.finish import Validation
from chestnut.inference.own_images import decode_own
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.inference.thresholds import keep_threshold
from chestnut.progress import Bars, silent
from chestnut.robustness.files import save_stress
from chestnut.robustness.stress_predictions import StressPredictions
from chestnut.robustness.validation import Plan, stress
from chestnut.runs.folder import RunFolder


def choose_threshold(
    run: RunFolder, rule: Rule, on: Source = "val", *, seed: int = 0, command: str = "", bars: Bars = silent
) -> OperatingPoint:
    """Choose the threshold of a run, keep it, and evaluate the validation images by it.

    Args:
        run: A trained run of two classes.
        rule: The rule.
        on: `val` for the validation images as they are; `stress` for the same under all shifts, which are computed if
            the run's network has not been validated under them yet.
        seed: The seed of the halves of the patients, and of the shifts if they are computed.
        command: The command line to name in the history of thresholds.
        bars: Shows the progress.

    Raises:
        DataError: The run has more than two classes, images cannot be read or have changed, or no threshold fulfils
            the rule; nothing is changed.
        BundleError: The run's bundle is missing or was changed.
    """
    bundle = read_run_bundle(run)
    require_two_classes(bundle)
    validation = Validation.compute(open_quickest(bundle), decode_own(run, bundle, "val", bars=bars), bars)
    plain = validation.probabilities(bundle.temperature)
    if on == "val":
        manifest = validation.decoded.manifest
        point = _choose(rule, on, manifest.targets == 1, manifest.patients, plain[None, :, 1], seed)
    else:
        point = _choose_on_shifts(run, rule, bundle, seed, bars)
    bundle = keep_threshold(run, point, command)
    evaluate_known(run, "val", validation.decoded, plain, bundle)
    return point


def require_two_classes(bundle: Bundle) -> None:
    """Check that a run has a threshold.

    Raises:
        DataError: It tells more than two classes apart.
    """
    if bundle.positive is None:
        raise DataError(
            f"a threshold is for two classes, and this run tells {len(bundle.classes)} apart: it decides the likeliest"
        )


def _choose_on_shifts(run: RunFolder, rule: Rule, bundle: Bundle, seed: int, bars: Bars) -> OperatingPoint:
    found = StressPredictions.read_of(run, bundle)
    if found is None:
        save_stress(run, stress(run, Plan(seed=seed), bars))
        found = StressPredictions.read_of(run, bundle)
    if found is None:
        raise DataError(f"{run.path} was changed while its shifts were computed; run the command again")
    point = _choose(rule, "stress", found.truth, found.patients, found.shifted, seed)
    return point.rescaled(found.temperature, bundle.temperature)


def _choose(
    rule: Rule, on: Source, truth: Truth, patients: npt.NDArray[np.str_], conditions: Floats, seed: int
) -> OperatingPoint:
    return choose_point(rule, on, truth, number_patients(patients)[0], conditions, seed)
