"""`HeldOut`: what networks predicted for images of patients from whom they had not learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chestnut.data.manifest import COLUMNS, Manifest
from chestnut.errors import DataError, RunError, listed
from chestnut.mistakes.labels.out_of_fold import pool_folds
from chestnut.names import require_name
from chestnut.runs.checked_files import SPLITS
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable
from chestnut.studies.crossval.plan import CrossFolder, FoldRun


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions of images by networks that had not learnt from their patients.

    Attributes:
        folder: The run or the cross-validation that the images belong to.
        data: The data set that was given to it.
        manifest: All its images, whether predicted or not.
        table: The predictions, a row for each image.
        judges: The run that judged each image, by the image's path; the first of several.
        words: What gave the predictions, in words that follow "judged by".
        notes: Sentences on what was not judged, and how it could be.
    """

    folder: Path
    data: str
    manifest: Manifest
    table: PredictionTable
    judges: Mapping[str, RunFolder]
    words: str
    notes: tuple[str, ...] = ()


def is_crossval(path: Path) -> bool:
    """Tell whether a folder is that of a cross-validation."""
    return CrossFolder(path).plan_file.is_file()


def read_folds(folder: CrossFolder) -> HeldOut:
    """Return the prediction of each image of a cross-validation by the run that had not seen its patient.

    Raises:
        RunError: There is no cross-validation, or it has no result yet.
        DataError: A file is damaged, or the folds divide a patient.
    """
    plan = folder.plan
    if not folder.result_file.is_file():
        raise RunError(
            f"{folder.path} has no predictions of all images yet; run chestnut crossval --resume {folder.path}"
        )
    classes = folder.result["pooled"]["classes"]
    whole = PredictionTable.read(folder.predictions_file, classes)
    pooled = pool_folds(whole)
    first = whole.frame[whole.frame["repeat"].astype(int) == 1]
    runs = {part.fold: folder.run(part) for part in plan.parts if part.repeat == 1}
    repeats = f", repeated {plan.repeats} times" if plan.repeats > 1 else ""
    return HeldOut(
        folder=folder.path,
        data=str(folder.facts.get("root", "")),
        manifest=folder.manifest,
        table=pooled,
        judges={path: runs[int(fold)] for path, fold in zip(first["path"], first["fold"], strict=True)},
        words=f"the {plan.folds}-fold cross-validation {folder.path.name}{repeats}: each image by a network that had "
        "not seen its patient",
    )


def read_split(run: RunFolder, split: str) -> HeldOut:
    """Return the predictions of a run for a split, or another data set, that it was not trained on.

    Raises:
        RunError: There is no such evaluation, a file was changed, or the split is the one that the run learnt from.
        DataError: A file is damaged.
    """
    require_name(split, "the split", RunError)
    make_folds = _suggest_folds(run)
    if split == "train":
        raise RunError(f"{run.path} learnt the labels of its training images, so it cannot judge them; {make_folds}")
    metrics = run.metrics(split)
    table = run.predictions(split, metrics["classes"])
    own = split in SPLITS
    manifest = run.manifest if own else _make_manifest(table, metrics.get("data", split))
    note = (
        f"Only the {len(table.frame):,} images of {split} were judged, since the run learnt from others; {make_folds}."
    )
    return HeldOut(
        folder=run.path,
        data=str(run.facts.get("root", "") if own else metrics.get("data", split)),
        manifest=manifest,
        table=table,
        judges=dict.fromkeys(table.frame["path"], run),
        words=f"the network of {run.name}, which had not learnt from them",
        notes=(note,) if own else (),
    )


def read_run_by_folds(run: RunFolder, folder: CrossFolder) -> HeldOut:
    """Return what a cross-validation predicted for the images of a run.

    Raises:
        RunError: There is no cross-validation, or it has no result yet.
        DataError: The cross-validation has other classes, or none of the run's images.
    """
    held, manifest = read_folds(folder), run.manifest
    manifest.require_images()
    if sorted(held.table.classes) != sorted(manifest.classes):
        raise DataError(
            f"folds={folder.path} has the classes {listed(held.table.classes)}, but {run.path} has "
            f"{listed(manifest.classes)}; give a cross-validation of the same data"
        )
    frame = held.table.frame
    kept = frame["path"].isin(set(manifest.paths))
    if not kept.any():
        raise DataError(
            f"folds={folder.path} has none of the images of {run.path}; give a cross-validation of the same data"
        )
    originals = len(manifest.originals())
    lacking = originals - int(kept.sum())
    note = f"{lacking:,} of the run's {originals:,} images are not in the cross-validation, and were not judged."
    return HeldOut(
        folder=run.path,
        data=str(run.facts.get("root", "")),
        manifest=manifest,
        table=PredictionTable(frame[kept].reset_index(drop=True), held.table.classes),
        judges=held.judges,
        words=held.words,
        notes=(note,) if lacking else (),
    )


def find_folds(run: RunFolder) -> CrossFolder | None:
    """Return the finished cross-validation of which a run is a fold; None if there is none."""
    above = CrossFolder(run.path.resolve().parent)
    if not above.plan_file.is_file() or not above.result_file.is_file():
        return None
    return above if any(_is_run(above, part, run) for part in above.plan.parts) else None


def _is_run(folder: CrossFolder, part: FoldRun, run: RunFolder) -> bool:
    return folder.run(part).path == run.path.resolve()


def _suggest_folds(run: RunFolder) -> str:
    root, recipe = run.facts.get("root", "DATA"), run.recipe.name
    return (
        f"to judge all labels, run chestnut crossval {root} --recipe {recipe} --folds 5, and then chestnut errors "
        f"{run.path} --folds FOLDER"
    )


def _make_manifest(table: PredictionTable, data: str) -> Manifest:
    known = [name for name in COLUMNS if name in table.frame]
    return Manifest.build(table.frame[known].assign(split=""), Path(data))
