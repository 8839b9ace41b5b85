"""Evaluate a run on some of its own images or on another data set, and write metrics, predictions and figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chestnut.data.cache.cache import Decoded, decode_all
from chestnut.data.manifest import SPLITS, Manifest
from chestnut.data.overlap import Overlap, find_overlap
from chestnut.errors import DataError, listed
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.metrics import Evaluation
from chestnut.evaluation.softmax import probabilities
from chestnut.figures.evaluation import draw_evaluation
from chestnut.figures.sets import draw_sets
from chestnut.figures.subgroups import draw_subgroups
from chestnut.files.csv_files import csv_text
from chestnut.files.json_files import json_text
from chestnut.inference.bundle import Bundle
from chestnut.inference.bundle_guard import Guard
from chestnut.inference.engine_choice import open_quickest
from chestnut.inference.extras import NO_EXTRAS, Extras
from chestnut.inference.guard.verdict import describe_outliers
from chestnut.inference.judged import Judged, judge
from chestnut.inference.own_images import decode_own
from chestnut.inference.reference import read_set_rule
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.names import make_name
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.ledger import Look
from chestnut.runs.predictions import PredictionTable
from chestnut.runs.timestamp import now

#: The names of folders in `evaluation/` that belong to the run's own images.
_TAKEN = (*SPLITS, "valid", "stress", "stress-partial")

_LOOKS = "look {} at a test split by this run"


def evaluate_run(
    run: RunFolder,
    split: str,
    other: Manifest | None = None,
    *,
    command: str = "chestnut.evaluate",
    threshold: float | None = None,
    extras: Extras = NO_EXTRAS,
    skip_bad: bool = False,
    bars: Bars = silent,
) -> Evaluation:
    """Evaluate a run, write `evaluation/<name>/`, and enter a look at test images into the ledger.

    With another threshold than the run's own, nothing is written but the look, so that the evaluation at the run's own
    threshold stays.

    The test split of a run of a cross-validation is its fold, so a look at it is entered under the fold's name.

    Args:
        run: A trained run.
        split: train, val or test. All images of a data set without splits are taken.
        other: Another data set; None for the run's own images.
        command: The command to name in the ledger.
        threshold: The least probability, in 0..1, at which the positive class is decided; None for the run's own.
        extras: What to compute beside the metrics.
        skip_bad: Whether to leave unreadable images out instead of refusing them.
        bars: Shows the progress.

    Raises:
        DataError: The split is empty, labels are missing, the classes are not those of the run, an image of the run
            has changed, the other data set consists of the run's own images, or the threshold does not apply; or the
            run has no reference for prediction sets, or one of too few patients; or the images have no column to group
            them by.
        BundleError: The run's bundle is missing or was changed.
    """
    bundle = read_run_bundle(run)
    if threshold is not None:
        _require_threshold(threshold, bundle)
    rule = None if extras.sets is None else read_set_rule(bundle, extras.sets)
    told = extras.describe(run.manifest if other is None else other)  # a wrong name is told before hours of work
    if split == "test":
        _ = run.ledger.looks  # a damaged ledger is told before hours of work
    if other is None:
        name, overlap, decoded = split, None, decode_own(run, bundle, split, skip_bad=skip_bad, bars=bars)
    else:
        name, chosen = name_evaluation(other, split), _match_classes(other, split, bundle)
        with bars("Decoding images") as tick:
            decoded = decode_all(chosen, bundle.spec, skip_bad=skip_bad, progress=tick)
        overlap = require_other(run.manifest, decoded.manifest)
    guard = None if other is None else Guard.open(bundle)
    shares, outliers = _predict(bundle, guard, decoded, bars)
    judged = judge(decoded.manifest, shares, bundle, overlap, threshold).with_details(extras)
    judged = judged.with_groups(told, extras.by)
    if rule is not None:
        judged = judged.with_sets(rule, _explain_promise(split, other))
    judged = judged.with_notes(_explain_origin(run), *_explain_fits(name, bundle, threshold))
    judged = judged.with_notes(outliers, str(decoded.lost_lungs or ""))
    if split == "test" or (overlap is not None and overlap.counts["test"]):
        judged = judged.with_notes(_enter_look(run, command, bundle.weights, judged))
    if threshold is None:
        _write(run, name, judged, bundle)
    return judged.evaluation


def _predict(bundle: Bundle, guard: Guard | None, decoded: Decoded, bars: Bars) -> tuple[Floats, str]:
    """Compute probabilities, and note how many images are unlike the training images; empty if none, or no guard."""
    engine, paths = open_quickest(bundle), decoded.manifest.paths
    with bars("Predicting") as tick:
        if guard is None:
            return engine.probabilities(decoded.pixels, paths, bundle.temperature, tick), ""
        outputs = engine.features(decoded.pixels, paths, tick)
    found = guard.judge_decoded(decoded, outputs.features, bars)
    return probabilities(outputs.logits, bundle.temperature), describe_outliers(found.counts, len(found))


def evaluate_known(run: RunFolder, split: str, decoded: Decoded, probabilities: Floats, bundle: Bundle) -> Evaluation:
    """Evaluate a run on images of its own whose probabilities are known, and write `evaluation/<split>/`.

    Args:
        run: A trained run.
        split: train or val: a look at the test split must enter the ledger.
        decoded: The images of the split.
        probabilities: Their probabilities, shape (n, classes).
        bundle: The run's bundle, which gave the probabilities.
    """
    judged = judge(decoded.manifest, probabilities, bundle, None, None).with_details(NO_EXTRAS)
    judged = judged.with_notes(*_explain_fits(split, bundle, None), _explain_origin(run), str(decoded.lost_lungs or ""))
    _write(run, split, judged, bundle)
    return judged.evaluation


def _explain_promise(split: str, other: Manifest | None) -> str:
    """Say what the coverage of prediction sets means on images for which it was not promised; empty if it was."""
    if other is not None:
        return (
            "the promise is for new patients of the source of the run's validation images; for this data set the "
            "coverage is measured, not promised"
        )
    if split == "val":
        return "the sets were fitted on these images, so their coverage says nothing; judge them on the test split"
    return "the network was fitted to these images, so their coverage says nothing" if split == "train" else ""


def _explain_origin(run: RunFolder) -> str:
    """Say what is not known of the images that an imported network was trained on; empty for other runs."""
    if run.record.imported is None:
        return ""
    return (
        "the network was trained elsewhere; whether it was trained on some of these images is not known, and if it "
        "was, the figures are too good"
    )


def _explain_fits(name: str, bundle: Bundle, threshold: float | None) -> list[str]:
    """Say which figures of the validation images flatter the run, since something was fitted to these images."""
    notes: list[str] = []
    if name != "val":  # other data sets have other names
        return notes
    if bundle.calibration is not None and not bundle.calibration.reason:
        notes.append(
            f"the temperature {bundle.temperature:.3g} was fitted to these images, which flatters the loss, the Brier "
            "score and the calibration error; the test split has their worth"
        )
    if threshold is None and (point := bundle.operating_point) is not None and point.chosen:
        promised = point.promised
        notes.append(
            f"the threshold was chosen on these images ('{point.rule}' on {point.on}), which flatters sensitivity and "
            f"specificity; promised are {promised.sensitivity} and {promised.specificity}"
        )
    return notes


def _require_threshold(threshold: float, bundle: Bundle) -> None:
    if not 0 <= threshold <= 1:
        raise DataError(f"threshold={threshold:g}: give a probability from 0 to 1")
    if bundle.positive is None:
        raise DataError(
            f"threshold={threshold:g}: a threshold is for two classes, and this run tells {len(bundle.classes)} apart; "
            "leave it out"
        )


def require_other(own: Manifest, seen: Manifest) -> Overlap:
    """Find the images of another data set that a run knows.

    Args:
        own: The run's manifest.
        seen: The other data set, decoded as the run's images were.

    Raises:
        DataError: All of them are the run's own, so that they are no other data set.
    """
    overlap = find_overlap(own, seen.paths, list(seen.frame["sha256"]))
    if overlap.whole:
        counts = ", ".join(f"{count:,} {split}" for split, count in overlap.counts.items() if count)
        raise DataError(
            f"all {len(seen):,} images of {seen.root} are the run's own ({counts}); to judge the run on them, name the "
            "split and give no other data set"
        )
    return overlap


def _enter_look(run: RunFolder, command: str, weights: str, judged: Judged) -> str:
    """Enter a look at test images into the ledger, and return a note on it.

    Images of the run's own test split are a look at that split, whichever data set they were given with.
    """
    manifest, overlap = judged.manifest, judged.overlap
    tested = len(manifest) if overlap is None else overlap.counts["test"]
    if tested:
        return enter_own_look(run, command, weights, tested)
    looks = run.ledger.enter(Look(now(), command, weights, len(manifest), str(manifest.root)))
    return _LOOKS.format(looks)


def enter_own_look(run: RunFolder, command: str, weights: str, images: int) -> str:
    """Enter a look at a run's own test images into its ledger, and return a note on it.

    Args:
        run: The run.
        command: The command that looks.
        weights: The SHA-256 of the network.
        images: The number of images.
    """
    fold, root = run.record.holdout, str(run.facts["root"])
    looks = run.ledger.enter(Look(now(), command, weights, images, f"{fold} of {root}" if fold else root))
    return f"held out: {fold}" if fold else _LOOKS.format(looks)


def _match_classes(other: Manifest, split: str, bundle: Bundle) -> Manifest:
    """Take the images of another data set that are to be evaluated, with the run's classes."""
    unlabelled = int((other.frame["label"] == "").sum())
    if unlabelled:
        raise DataError(f"{unlabelled} images of {other.root} have no label; predict those instead")
    strange = [name for name in other.classes if name not in bundle.classes]
    if strange:
        raise DataError(
            f"{other.root} has classes {listed(other.classes)}, and the run knows {listed(bundle.classes)}; "
            f"rename {listed(strange)}, or leave those images out"
        )
    chosen = (other.only(split) if other.splits else other).originals()
    return replace(chosen, classes=bundle.classes, positive=bundle.positive)


def name_evaluation(other: Manifest | None, split: str) -> str:
    """Name the folder of an evaluation: that of another data set never as one of the run's own images.

    Args:
        other: Another data set; None for the run's own images.
        split: train, val or test.
    """
    if other is None:
        return split
    root = other.root.resolve()
    parts = [root.parent.name, root.stem] if root.stem.lower() in _TAKEN else [root.stem]
    stem = make_name("-".join(parts), "data")
    return f"{stem}-{split}" if other.splits else stem


def _write(run: RunFolder, name: str, judged: Judged, bundle: Bundle) -> None:
    folder = run.evaluation(name)
    manifest, probabilities = judged.manifest, judged.probabilities
    rows = manifest.frame[["path", "label", "patient", "split"]]
    table = PredictionTable.build(rows, probabilities, bundle.classes, bundle.threshold)
    run.write(folder / "predictions.csv", csv_text(table.frame))
    if not run.record.undrawn:
        draw_evaluation(folder, judged.evaluation, manifest.targets, probabilities, manifest.patients)
        draw_subgroups(folder, judged.evaluation)
        draw_sets(folder, judged.evaluation.sets)
    meta: dict[str, Any] = {
        "when": now(),
        "data": str(manifest.root),
        "overlap": None if judged.overlap is None else judged.overlap.counts,
        "recipe": bundle.recipe,
        "weights": bundle.weights,
        "temperature": bundle.temperature,
        "synthetic": manifest.synthetic,
    }
    run.write(folder / "metrics.json", json_text(meta | judged.evaluation.to_dict()))
