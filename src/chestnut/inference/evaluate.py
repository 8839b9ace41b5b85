"""From a run and some of its images, or another data set, to metrics, predictions and figures on disk."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.data.cache.cache import decode_all
from chestnut.data.manifest import SPLITS, Manifest, changed_files
from chestnut.errors import DataError, listed
from chestnut.evaluation.metrics import Evaluation, decide, evaluate
from chestnut.figures.evaluation import draw_evaluation
from chestnut.files.atomic import replacing
from chestnut.files.json_files import write_json
from chestnut.inference.bundle import Bundle
from chestnut.inference.keras_engine import KerasEngine, load_network
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder, now
from chestnut.runs.ledger import Look


def evaluate_run(
    run: RunFolder,
    split: str,
    other: Manifest | None = None,
    *,
    command: str = "chestnut.evaluate",
    skip_bad: bool = False,
    bars: Bars = silent,
) -> Evaluation:
    """Evaluate a run and write `evaluation/<name>/`; a look at a test split is entered into the ledger.

    The test split of a fold's run, whose environment names a `holdout`, is entered as that fold and not as the data's.

    Args:
        run: A trained run.
        split: train, val or test. Of a data set that has no splits, all images are taken.
        other: Another data set; None for the run's own images.
        command: For the ledger.
        skip_bad: Leave unreadable images out.
        bars: Shows the progress.

    Raises:
        DataError: The split is empty, labels are missing, or the classes are not those of the run;
            or an image of the run has changed.
        BundleError: The run's bundle is missing or was changed.
    """
    bundle = Bundle.read(run.bundle)
    own = Manifest.read(run.manifest_file, run.facts)
    chosen, name = (own.only(split), split) if other is None else (_matched(other, split, bundle), _name(other, split))
    with bars("Decoding images") as tick:
        decoded = decode_all(chosen, bundle.spec, skip_bad=skip_bad, progress=tick)
    if other is None and (changed := changed_files(own, decoded.manifest)):
        raise DataError(
            f"{len(changed)} images have changed since the run was trained ({listed(changed, 3)}); "
            "restore them, or give the images as another data set"
        )
    engine = KerasEngine(load_network(bundle.model_file), bundle.spec)
    with bars(f"Predicting {split}") as tick:
        probabilities = engine.probabilities(decoded.pixels, bundle.temperature, tick)
    manifest = decoded.manifest
    evaluation = evaluate(
        manifest.targets,
        probabilities,
        manifest.patients,
        bundle.classes,
        positive=bundle.positive,
        threshold=bundle.threshold,
    )
    notes = _overlap(own, manifest) if other is not None else ()
    if split == "test":
        fold = run.record.holdout if other is None else None
        seen = f"{fold} of {manifest.root}" if fold else str(manifest.root)
        looks = run.ledger.enter(Look(now(), command, bundle.weights, len(manifest), seen))
        notes += (f"look {looks} at a test split by this run",) if not fold else (f"held out: {fold}",)
    evaluation = replace(evaluation, notes=(*evaluation.notes, *notes))
    _write(run.evaluation(name), evaluation, manifest, probabilities, bundle)
    return evaluation


def _matched(other: Manifest, split: str, bundle: Bundle) -> Manifest:
    """The images of another data set that are to be evaluated, with the run's classes."""
    unlabelled = int((other.frame["label"] == "").sum())
    if unlabelled:
        raise DataError(f"{unlabelled} images of {other.root} have no label; use chestnut predict for those")
    strange = [name for name in other.classes if name not in bundle.classes]
    if strange:
        raise DataError(
            f"{other.root} has classes {listed(other.classes)}, and the run knows {listed(bundle.classes)}; "
            f"rename {listed(strange)}, or leave those images out"
        )
    chosen = (other.only(split) if other.splits else other).originals()
    return replace(chosen, classes=bundle.classes, positive=bundle.positive)


def _name(other: Manifest, split: str) -> str:
    """A folder name for the evaluation of another data set; never that of a split of the run's own."""
    root = other.root.resolve()
    parts = [root.parent.name, root.stem] if root.stem.lower() in (*SPLITS, "valid") else [root.stem]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts)).strip("-.") or "data"
    return f"{stem}-{split}" if other.splits else stem


def _overlap(own: Manifest, seen: Manifest) -> tuple[str, ...]:
    """Say how many images the run was trained or steered with."""
    used = set(own.frame.loc[own.frame["split"].isin(["train", "val"]), "sha256"])
    known = int(seen.frame["sha256"].isin(used).sum())
    return (f"{known} of these images were used in training or validation of this run",) if known else ()


def _write(
    folder: Path,
    evaluation: Evaluation,
    manifest: Manifest,
    probabilities: npt.NDArray[np.float64],
    bundle: Bundle,
) -> None:
    frame = manifest.frame[["path", "label", "patient", "split"]].copy()
    for index, name in enumerate(bundle.classes):
        frame[f"probability_{name}"] = probabilities[:, index]
    frame["decision"] = [bundle.classes[index] for index in decide(probabilities, bundle.threshold)]
    with replacing(folder / "predictions.csv") as temporary:
        frame.to_csv(temporary, index=False)
    draw_evaluation(folder, evaluation, manifest.targets, probabilities, manifest.patients)
    meta: dict[str, Any] = {
        "when": now(),
        "data": str(manifest.root),
        "recipe": bundle.recipe,
        "weights": bundle.weights,
        "synthetic": manifest.synthetic,
    }
    write_json(folder / "metrics.json", meta | evaluation.to_dict())
