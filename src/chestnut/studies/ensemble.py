"""Combine several runs into one, whose network returns the mean of their calibrated probabilities.

Nothing is trained. The new run folder appears complete or not at all, and can be used like that of any other run.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chestnut.auditing.findings import number
from chestnut.config import EnsembleConfig, InputSpec, Recipe, TrainConfig
from chestnut.data.union import union
from chestnut.errors import DataError, RunError
from chestnut.explain.mistake_gallery import draw_mistakes
from chestnut.export.add_onnx import try_add_onnx
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.keras_engine import load_bundle
from chestnut.inference.finish import finish_bundle
from chestnut.inference.own_images import decode_own
from chestnut.inference.run_bundle import read_run_bundle, write_run_bundle
from chestnut.models.ensemble import join
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.places import require_free, take_folder
from chestnut.runs.record import Member as MemberRecord
from chestnut.runs.study_file import keep_study, shared_study
from chestnut.runs.timestamp import now
from chestnut.training.environment import environment

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Member:
    """A member of an ensemble.

    Attributes:
        run: The folder of the member's run.
        bundle: The bundle of the run, with checked hashes.
    """

    run: RunFolder
    bundle: Bundle

    def to_record(self) -> MemberRecord:
        """Return the entry for this member in the ensemble's record."""
        record = self.run.record
        return MemberRecord(
            run=str(self.run.path.resolve()),
            recipe=self.bundle.recipe,
            seed=self.run.recipe.seed,
            temperature=self.bundle.temperature,
            weights=self.bundle.weights,
            epochs=record.epochs,
            best_epoch=record.best_epoch,
        )


def ensemble(
    runs: Sequence[RunFolder],
    path: Path,
    *,
    numbered: bool = False,
    command: str = "chestnut.ensemble",
    bars: Bars = silent,
) -> RunFolder:
    """Combine runs into an ensemble, and evaluate it on the validation images that trained no member.

    Args:
        runs: Two or more finished runs; other ensembles count as runs.
        path: The folder of the new run.
        numbered: Whether `free_folder` chose the path; then the next free number is taken if another process takes it.
        command: The command line to write into environment.json.
        bars: Shows the progress.

    Returns:
        The folder of the ensemble.

    Raises:
        RunError: There are fewer than two runs, a run is given twice or has not finished, the runs have different
            classes or inputs, or the folder is taken (TakenError).
        BundleError: A bundle is missing or was changed.
        DataError: The runs disagree on an image.
        DiskError: The disk is full or not writable.
    """
    require_free(path)
    members = _read_members(runs)
    manifest = union([one.run.manifest for one in members])
    manifest = manifest.with_note(*_make_notes(members, "test" in manifest.splits))
    recipe = _make_recipe(members)
    networks = [load_bundle(one.bundle) for one in members]
    network = join(networks, [one.bundle.temperature for one in members], recipe.input)
    for note in manifest.notes:
        _log.info(note)
    study = shared_study([one.run for one in members])
    record = environment(command).model_copy(update={"members": [member.to_record() for member in members]})

    def write(folder: Path) -> None:
        with RunFolder.create(folder, recipe, record, manifest.facts() | {"skipped": []}) as draft:
            draft.write(draft.manifest_file, manifest.to_csv(draft.path))
            keep_study(draft, study)
            synthetic = any(one.bundle.synthetic for one in members)
            write_run_bundle(draft, network, recipe, manifest, synthetic=synthetic)
            if "val" in manifest.splits:
                _finish(draft, bars)
            if recipe.train.export == "onnx":
                try_add_onnx(draft)
            if draft.evaluations():
                draw_mistakes(draft, "val", bars)
            draft.update(status="finished", ended=now(), parameters=int(network.count_params()))

    return RunFolder(take_folder(path, write, numbered=numbered))


def _finish(draft: RunFolder, bars: Bars) -> None:
    """Calibrate and evaluate on the validation images, or log why that is impossible: joining needs no images."""
    try:
        decoded = decode_own(draft, read_run_bundle(draft), "val", bars=bars)
    except DataError as error:
        _log.warning("the ensemble was not calibrated and evaluated on its validation images: %s", error)
        return
    finish_bundle(draft, decoded, bars)


def _read_members(runs: Sequence[RunFolder]) -> list[Member]:
    if len(runs) < 2:
        raise RunError(f"{number(len(runs), 'run')} given; an ensemble needs two or more")
    members = [_read_member(run) for run in runs]
    for index, one in enumerate(members):
        for other in members[:index]:
            if one.run.path.resolve() == other.run.path.resolve():
                raise RunError(f"{one.run.path} is given twice; give each run once")
            if one.bundle.weights == other.bundle.weights:
                raise RunError(f"{one.run.path} has the same weights as {other.run.path}; give each network once")
    first = members[0]
    for one in members[1:]:
        _require_compatible(first, one)
    return members


def _read_member(run: RunFolder) -> Member:
    run = RunFolder.open(run.path)
    if not run.finished:
        raise RunError(
            f"{run.path} has not finished (status {run.record.status}); "
            f"resume it with chestnut train --resume {run.path}"
        )
    return Member(run, read_run_bundle(run))


def _require_compatible(first: Member, other: Member) -> None:
    """Check that two runs have the same outputs and inputs."""
    pairs: list[tuple[str, Any, Any]]
    pairs = [("classes", ", ".join(first.bundle.classes), ", ".join(other.bundle.classes))]
    pairs += [
        (f"input.{field}", getattr(first.bundle.spec, field), getattr(other.bundle.spec, field))
        for field in InputSpec.model_fields
        if field != "channels"  # a grey image is repeated for a member with three channels
    ]
    for name, ours, theirs in pairs:
        if ours != theirs:
            raise RunError(
                f"the runs differ in {name}: {ours} in {first.run.path}, {theirs} in {other.run.path}; "
                "give runs that agree"
            )


def _make_recipe(members: Sequence[Member]) -> Recipe:
    """Return the recipe that describes the ensemble."""
    spec = members[0].bundle.spec
    channels = min(one.bundle.spec.channels for one in members)
    names = sorted({one.bundle.recipe for one in members})
    exports = {one.run.recipe.train.export for one in members}
    return Recipe(
        name="ensemble",
        summary=f"mean of the calibrated probabilities of {len(members)} runs: {', '.join(names)}",
        input=spec.model_copy(update={"channels": channels}),
        model=EnsembleConfig(members=tuple(str(one.run.path.resolve()) for one in members)),
        train=TrainConfig(export="none" if "none" in exports else "onnx"),
    )


def _make_notes(members: Sequence[Member], tested: bool) -> list[str]:
    """Return what to know about the members; `tested` says whether test images are left."""
    notes = []
    if folds := [one.run for one in members if one.run.record.holdout]:
        page = folds[0].path.resolve().parent / "crossval.html"
        notes.append(
            f"{number(len(folds), 'member is a fold', 'members are folds')} of a cross-validation; its out-of-fold "
            f"figures, {page}, tell what the recipe is worth"
        )
    elif not tested:
        notes.append(
            "no test images are left; to keep them unseen, train all members on one split, which chestnut split or "
            "chestnut compare --repeats makes"
        )
    if looks := sum(len(one.run.own_looks) for one in members if not one.run.record.holdout):
        notes.append(
            f"the members were evaluated on test images {number(looks, 'time')}; if they were chosen by those "
            "figures, the ensemble's test figures are too good"
        )
    if imported := [one for one in members if one.run.record.imported is not None]:
        many = number(len(imported), "member was", "members were")
        notes.append(
            f"{many} trained elsewhere, perhaps on some of these images; if so, the ensemble's figures are too good"
        )
    if len({one.bundle.synthetic for one in members}) > 1:
        notes.append("some members were trained on synthetic images; the ensemble counts as synthetic")
    return notes
