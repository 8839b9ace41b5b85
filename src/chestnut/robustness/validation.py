"""Judge a run on its validation images under named shifts and on the same images without any.

Images are read, shifted and predicted a batch at a time. The run's test split is never looked at: images of it in an
external data set are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from chestnut.auditing.shortcut_model import Shortcut
from chestnut.data.cache.cache import decode_all
from chestnut.data.lost_lungs import LostLungs
from chestnut.data.manifest import Manifest
from chestnut.data.overlap import Overlap
from chestnut.errors import DataError
from chestnut.evaluation.conformal import SetPlan
from chestnut.evaluation.metrics import Evaluation, evaluate
from chestnut.evaluation.operating.rule import Rule
from chestnut.inference.bundle import Bundle
from chestnut.inference.engine_choice import open_quickest
from chestnut.inference.engines.engine import Engine
from chestnut.inference.evaluate import require_other
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.progress import Bars, silent
from chestnut.robustness.external import match_classes
from chestnut.robustness.operating_points import OperatingPoints, Scored, operating_points
from chestnut.robustness.scanner_styles import StyleBank
from chestnut.robustness.set_coverage import Calibration, ShiftedSets
from chestnut.robustness.shift_effects import Decision, Judged, judge
from chestnut.robustness.shifts import PLAIN, SHIFTS, Shifted, find_shift
from chestnut.robustness.shortcut_effect import ShortcutEffect, shortcut_effect
from chestnut.robustness.working_images import WorkingImages
from chestnut.runs.folder import RunFolder

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """The settings of a stress validation.

    Attributes:
        shifts: The names of the shifts; empty for all.
        external: Another data set to judge without shifts; None for none.
        mapping: The run's class name for each class name of the other data set that differs.
        goal: The goal that a threshold is to reach; None for no operating points.
        seed: The seed of the shifts and of the halves of the patients.
        skip_bad: Whether to leave unreadable images of the other data set out instead of refusing them.
        sets: What prediction sets are to hold; None to measure none.
    """

    shifts: tuple[str, ...] = ()
    external: Manifest | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    goal: Rule | None = None
    seed: int = 0
    skip_bad: bool = False
    sets: SetPlan | None = None


@dataclass(frozen=True, eq=False)
class External:
    """The figures of a run on another data set.

    Attributes:
        manifest: The images that were judged, under the run's class names.
        probabilities: Their probabilities, shape (n, classes).
        evaluation: The figures.
        overlap: The number of images in each split of the run.
        notes: Sentences on the images that were left out and those that the run knows.
    """

    manifest: Manifest
    probabilities: Floats
    evaluation: Evaluation
    overlap: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Stress:
    """The figures of a run under shifts.

    Attributes:
        bundle: The bundle that was judged.
        manifest: The images that were shifted, in order.
        probabilities: The probabilities under each condition, `plain` first, each of shape (n, classes).
        judged: The figures under each shift.
        shortcut: How far brightness and sharpness explain the figures.
        points: The operating points; None where no goal was given.
        external: The figures on another data set; None where none was given.
        seed: The seed of the shifts and of the halves of the patients.
        lungs_found: Whether the lungs of each image were found under each condition, shape (n,); None if the network's
            input does not need them.
        sets: What became of the promise of prediction sets; None where none was asked for.
    """

    bundle: Bundle
    manifest: Manifest
    probabilities: dict[str, Floats]
    judged: Judged
    shortcut: ShortcutEffect
    points: OperatingPoints | None
    external: External | None
    seed: int
    lungs_found: dict[str, npt.NDArray[np.bool_]] | None = None
    sets: ShiftedSets | None = None

    @property
    def partial(self) -> bool:
        """Whether some of the shifts were left out, so that there is no mean over all of them."""
        return set(self.judged.shifts) != set(SHIFTS)

    def lungs_lost(self, condition: str) -> int | None:
        """Return in how many images the lungs were not found under a condition; None if they are not needed."""
        return None if self.lungs_found is None else int((~self.lungs_found[condition]).sum())


def stress(run: RunFolder, plan: Plan | None = None, bars: Bars = silent) -> Stress:
    """Judge a run on its own validation images under shifts, and on another data set.

    Args:
        run: A trained run.
        plan: The settings; None for all shifts and nothing else.
        bars: Shows the progress.

    Raises:
        DataError: A shift is unknown, images cannot be read or have changed, the other data set has other classes or
            consists of the run's own images, operating points are wanted for more than two classes, or the coverage
            of sets needs more patients.
        BundleError: The run's bundle is missing or was changed.
    """
    plan = plan or Plan()
    chosen = [find_shift(name) for name in dict.fromkeys(plan.shifts)] or list(SHIFTS.values())
    bundle = read_run_bundle(run)
    if plan.goal is not None and bundle.positive is None:
        raise DataError(f"an operating point is for two classes, and this run has {len(bundle.classes)}; give no rule")
    other = None if plan.external is None else match_classes(plan.external, plan.mapping, bundle)
    working = WorkingImages.read(run, bundle.spec, bars)
    training, images = working.part("train"), working.part("val")
    calibration = _divide(plan, bundle, images.manifest)
    styles = StyleBank(training.pixels, training.manifest.targets)
    engine = open_quickest(bundle)
    shortcut = Shortcut.fit(styles.pixels, styles.targets, len(bundle.classes), plan.seed)
    probabilities, votes, found, names = {}, {}, {}, images.manifest.paths
    for shift in (PLAIN, *chosen):
        with bars(f"Predicting {shift.name}") as tick:
            shifted = Shifted(shift, images.pixels, images.manifest.targets, styles, plan.seed)
            inputs = images.inputs(shifted.change)
            probabilities[shift.name] = engine.probabilities(inputs, names, bundle.temperature, tick)
            votes[shift.name] = shortcut.votes(shifted)
            found[shift.name] = inputs.found
    external = None if other is None else _judge_external(*other, run.manifest, engine, bundle, plan, bars)
    targets, patients = images.manifest.targets, images.manifest.patients
    decision = Decision(
        1 if bundle.positive is None else bundle.classes.index(bundle.positive),
        bundle.threshold,
        averaged=len(chosen) == len(SHIFTS),
    )
    return Stress(
        bundle,
        images.manifest,
        probabilities,
        judge(probabilities, targets, patients, decision),
        shortcut_effect(probabilities, votes, targets, patients, decision),
        _choose_points(plan, images.manifest, probabilities, external, decision),
        external,
        plan.seed,
        {name: each for name, each in found.items() if each is not None} or None,
        None if calibration is None else _judge_sets(calibration, probabilities, external),
    )


def _divide(plan: Plan, bundle: Bundle, images: Manifest) -> Calibration | None:
    """Divide the validation images for prediction sets, before anything that takes long."""
    if plan.sets is None:
        return None
    return Calibration.divide(plan.sets, bundle.classes, images.targets, images.patients, plan.seed)


def _judge_sets(
    calibration: Calibration, probabilities: Mapping[str, Floats], external: External | None
) -> ShiftedSets:
    """Judge prediction sets under every condition and on the other data set."""
    other = None
    if external is not None:
        images = external.manifest
        given = (external.probabilities, images.targets, images.patients)
        other = calibration.judge_others(probabilities[PLAIN.name], *given)
    plan = calibration.plan
    return ShiftedSets(plan.coverage, plan.per_class, calibration.judge(probabilities), other)


def _judge_external(
    manifest: Manifest,
    notes: tuple[str, ...],
    own: Manifest,
    engine: Engine,
    bundle: Bundle,
    plan: Plan,
    bars: Bars,
) -> External:
    with bars("Decoding the external set") as tick:
        decoded = decode_all(manifest, bundle.spec, skip_bad=plan.skip_bad, progress=tick)
    overlap = require_other(own, decoded.manifest)
    rows = np.flatnonzero(overlap.splits != "test")
    if tested := len(decoded.manifest) - len(rows):
        notes += (f"left out {tested:,} images of the run's own test split",)
    overlap = Overlap(overlap.splits[rows])
    judged = decoded.manifest.take(rows)
    if decoded.lungs_found is not None and (lost := str(LostLungs.of(judged.paths, decoded.lungs_found[rows]))):
        notes += (lost,)
    with bars("Predicting the external set") as tick:
        probabilities = engine.probabilities(decoded.pixels.take(rows), judged.paths, bundle.temperature, tick)
    evaluation = evaluate(
        judged.targets,
        probabilities,
        judged.patients,
        bundle.classes,
        positive=bundle.positive,
        threshold=bundle.threshold,
    )
    return External(judged, probabilities, evaluation, overlap.counts, (*notes, *filter(None, [str(overlap)])))


def _choose_points(
    plan: Plan,
    manifest: Manifest,
    probabilities: Mapping[str, Floats],
    external: External | None,
    decision: Decision,
) -> OperatingPoints | None:
    """Choose operating points of two classes for the goal of the plan; None without one."""
    if plan.goal is None:
        return None

    def scored(images: Manifest, conditions: Mapping[str, Floats]) -> Scored:
        scores = {name: values[:, decision.positive] for name, values in conditions.items()}
        return Scored(images.targets == decision.positive, images.patients, scores)

    outside = None if external is None else scored(external.manifest, {"external": external.probabilities})
    return operating_points(plan.goal, scored(manifest, probabilities), outside, plan.seed, averaged=decision.averaged)
