"""The stress validation: a run's validation images under named shifts, judged against the same images as they are.

Called by `search` and `cli`; calls `evaluation` for every figure and `stress_files` to write them. Images are read,
shifted and predicted a batch at a time; the test split is never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from chestnut.auditing.shortcut_model import Shortcut
from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.data.decoding.intensity import Rule
from chestnut.data.manifest import Manifest, changed_files
from chestnut.data.pixels import Pixels
from chestnut.errors import DataError, listed
from chestnut.evaluation.metrics import Evaluation, evaluate
from chestnut.evaluation.thresholds import Goal
from chestnut.inference.bundle import Bundle
from chestnut.inference.keras_engine import KerasEngine, load_network
from chestnut.progress import Bars, silent
from chestnut.robustness.external import matched
from chestnut.robustness.operating_points import OperatingPoints, Scored, operating_points
from chestnut.robustness.scanner_styles import StyleBank
from chestnut.robustness.shift_effects import Decision, Judged, judge
from chestnut.robustness.shifts import PLAIN, SHIFTS, Shift, Shifted, find_shift
from chestnut.robustness.shortcut_effect import ShortcutEffect, shortcut_effect
from chestnut.runs.folder import RunFolder

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """What a stress validation is to look at.

    Attributes:
        shifts: Names of shifts; all where none is named.
        external: Another data set, to be judged as it is; None for none.
        mapping: Its class names to the run's.
        goal: What a threshold is to reach; None for no operating points.
        seed: Of shifts, halves and resamples.
        skip_bad: Leave unreadable images of the external set out instead of stopping.
    """

    shifts: tuple[str, ...] = ()
    external: Manifest | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    goal: Goal | None = None
    seed: int = 0
    skip_bad: bool = False


@dataclass(frozen=True, eq=False)
class External:
    """How a run fares on another data set.

    Attributes:
        manifest: Its images that were judged, with the run's class names.
        probabilities: Shape (n, classes).
        evaluation: The figures.
        notes: What was left out.
    """

    manifest: Manifest
    probabilities: Floats
    evaluation: Evaluation
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Stress:
    """How a run fares under shifts.

    Attributes:
        bundle: What was judged.
        manifest: The images that were shifted, in order.
        probabilities: By condition, `plain` first, each of shape (n, classes).
        judged: The figures.
        shortcut: What brightness and sharpness have to do with it; None where too few images speak against them.
        points: Operating points; None where none was asked for.
        external: Another data set; None where none was given.
        seed: Of shifts, halves and resamples.
    """

    bundle: Bundle
    manifest: Manifest
    probabilities: dict[str, Floats]
    judged: Judged
    shortcut: ShortcutEffect
    points: OperatingPoints | None
    external: External | None
    seed: int


def stress(run: RunFolder, plan: Plan | None = None, bars: Bars = silent) -> Stress:
    """Judge a run on its own validation images under shifts, and on an external set.

    Args:
        run: A trained run.
        plan: What to look at; all shifts and nothing else where not given.
        bars: Shows the progress.

    Raises:
        DataError: An unknown shift, images that cannot be read or have changed, an external set whose classes do not
            match, or operating points of more than two classes.
        BundleError: The run's bundle is missing or was changed.
    """
    plan = plan or Plan()
    chosen = [find_shift(name) for name in plan.shifts] or list(SHIFTS.values())
    bundle = Bundle.read(run.bundle)
    if plan.goal is not None and bundle.positive is None:
        raise DataError(f"an operating point is for two classes; this run tells {len(bundle.classes)} apart")
    other = None if plan.external is None else matched(plan.external, plan.mapping, bundle)
    images = _Images.of(run, bundle.spec, plan.seed, bars)
    engine = KerasEngine(load_network(bundle.model_file), bundle.spec)
    shortcut = Shortcut.fit(images.styles.pixels, images.styles.targets, len(bundle.classes), plan.seed)
    probabilities, votes = {}, {}
    for shift in (PLAIN, *chosen):
        with bars(f"Predicting {shift.name}") as tick:
            fed = images.under(shift, bundle.spec.intensity)
            probabilities[shift.name] = engine.probabilities(fed, bundle.temperature, tick)
            votes[shift.name] = shortcut.votes(images.under(shift))
    external = None if other is None else _external(*other, engine, bundle, plan, bars)
    targets, patients = images.manifest.targets, images.manifest.patients
    number = 1 if bundle.positive is None else bundle.classes.index(bundle.positive)
    decision = Decision(number, bundle.threshold, plan.seed)
    return Stress(
        bundle,
        images.manifest,
        probabilities,
        judge(probabilities, targets, patients, decision),
        shortcut_effect(probabilities, votes, targets, patients, decision),
        None if plan.goal is None else _points(plan.goal, images.manifest, probabilities, external, number, plan.seed),
        external,
        plan.seed,
    )


@dataclass(frozen=True, eq=False)
class _Images:
    """A run's validation images as they were decoded, before intensities are standardised, and what shifts need."""

    manifest: Manifest
    pixels: Pixels
    styles: StyleBank
    seed: int

    @classmethod
    def of(cls, run: RunFolder, spec: InputSpec, seed: int, bars: Bars) -> _Images:
        """Decode the training and validation images of a run.

        Raises:
            DataError: Images cannot be read, or are no longer those that the run was made with.
        """
        own = Manifest.read(run.manifest_file, run.facts)
        seen = own.take(np.flatnonzero(own.frame["split"].isin(["train", "val"])))
        with bars("Decoding images") as tick:
            if changed := changed_files(own, decode_all(seen, spec, progress=tick).manifest):
                raise DataError(
                    f"{len(changed)} images have changed since the run was trained ({listed(changed, 3)}); restore them"
                )
            raw = decode_all(seen, spec.model_copy(update={"intensity": "none"}), progress=tick)
        training, held = (np.flatnonzero(raw.manifest.frame["split"] == name) for name in ("train", "val"))
        styles = StyleBank(raw.pixels.take(training), raw.manifest.targets[training])
        return cls(raw.manifest.take(held), raw.pixels.take(held), styles, seed)

    def under(self, shift: Shift, rule: Rule = "none") -> Shifted:
        """The images under a shift, made as they are read."""
        return Shifted(shift, self.pixels, self.manifest.targets, self.styles, self.seed, rule)


def _external(
    manifest: Manifest, notes: tuple[str, ...], engine: KerasEngine, bundle: Bundle, plan: Plan, bars: Bars
) -> External:
    with bars("Decoding the external set") as tick:
        decoded = decode_all(manifest, bundle.spec, skip_bad=plan.skip_bad, progress=tick)
    with bars("Predicting the external set") as tick:
        probabilities = engine.probabilities(decoded.pixels, bundle.temperature, tick)
    evaluation = evaluate(
        decoded.manifest.targets,
        probabilities,
        decoded.manifest.patients,
        bundle.classes,
        positive=bundle.positive,
        threshold=bundle.threshold,
    )
    return External(decoded.manifest, probabilities, evaluation, notes)


def _points(
    goal: Goal,
    manifest: Manifest,
    probabilities: Mapping[str, Floats],
    external: External | None,
    number: int,
    seed: int,
) -> OperatingPoints:
    """Operating points of two classes, of which `number` is the positive one."""

    def scored(images: Manifest, conditions: Mapping[str, Floats]) -> Scored:
        scores = {name: values[:, number] for name, values in conditions.items()}
        return Scored(images.targets == number, images.patients, scores)

    outside = None if external is None else scored(external.manifest, {"external": external.probabilities})
    return operating_points(goal, scored(manifest, probabilities), outside, seed)
