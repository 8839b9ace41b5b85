"""`ensemble`: one run folder of several runs, whose network gives the mean of their calibrated probabilities.

Called by `api` and `cli`. Nothing is trained; the folder appears whole or not at all, and whatever takes a
run takes it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chestnut.config import EnsembleConfig, InputSpec, Recipe
from chestnut.data.manifest import Manifest
from chestnut.data.union import union
from chestnut.errors import DataError, RunError
from chestnut.inference.bundle import Bundle, write_bundle
from chestnut.inference.evaluate import evaluate_run
from chestnut.inference.keras_engine import load_network
from chestnut.models.ensemble import join
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.places import require_free
from chestnut.runs.record import Member as MemberRecord
from chestnut.runs.timestamp import now
from chestnut.training.environment import environment

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Member:
    """A run that takes part.

    Attributes:
        run: Its folder.
        bundle: Its bundle, whose hashes were checked.
    """

    run: RunFolder
    bundle: Bundle

    def recorded(self) -> MemberRecord:
        """Return what the ensemble's record says of it."""
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
    runs: Sequence[RunFolder], path: Path, *, command: str = "chestnut.ensemble", bars: Bars = silent
) -> RunFolder:
    """Make one run of several, and judge it on the validation images that trained no member.

    Args:
        runs: Two or more that have ended well; other ensembles are runs too.
        path: The new run's folder.
        command: For environment.json.
        bars: Shows the progress.

    Raises:
        RunError: Fewer than two runs, one given twice, one that has not ended, or runs of different classes or inputs;
            or the folder is taken.
        BundleError: A bundle is missing or was changed.
        DataError: The runs disagree on an image.
        DiskError: The disk is full or may not be written.
    """
    require_free(path)
    members = _members(runs)
    manifest = union([Manifest.read(one.run.manifest_file, one.run.facts) for one in members])
    manifest = manifest.with_note(*_notes(members, "test" in manifest.splits))
    recipe = _recipe(members)
    networks = [load_network(one.bundle.model_file) for one in members]
    network = join(networks, [one.bundle.temperature for one in members], recipe.input)
    for note in manifest.notes:
        _log.info(note)
    record = environment(command).model_copy(update={"members": [one.recorded() for one in members]})
    with RunFolder.create(path, recipe, record, manifest.facts() | {"skipped": []}) as draft:
        manifest.save(draft.manifest_file)
        write_bundle(
            draft.bundle,
            network,
            recipe=recipe.name,
            classes=manifest.classes,
            positive=manifest.positive,
            spec=recipe.input,
            temperature=1.0,
            threshold=0.5,
            synthetic=any(one.bundle.synthetic for one in members),
        )
        if "val" in manifest.splits:
            _judge(draft, command, bars)
        draft.update(status="finished", ended=now(), parameters=int(network.count_params()))
    return RunFolder(path)


def _judge(draft: RunFolder, command: str, bars: Bars) -> None:
    """Evaluate on the validation images; an ensemble needs no images, and stands also where they are gone."""
    try:
        evaluate_run(draft, "val", command=command, bars=bars)
    except DataError as error:
        _log.warning("the ensemble was not judged on its validation images: %s", error)


def _members(runs: Sequence[RunFolder]) -> list[Member]:
    if len(runs) < 2:
        raise RunError(f"{len(runs)} run given; an ensemble is made of two or more")
    members = [_member(run) for run in runs]
    for number, one in enumerate(members):
        for other in members[:number]:
            if one.run.path.resolve() == other.run.path.resolve():
                raise RunError(f"{one.run.path} is given twice; give each run once")
            if one.bundle.weights == other.bundle.weights:
                raise RunError(f"{one.run.path} holds the same weights as {other.run.path}; give each network once")
    first = members[0]
    for one in members[1:]:
        _compare(first, one)
    return members


def _member(run: RunFolder) -> Member:
    run = RunFolder.open(run.path)
    if not run.finished:
        raise RunError(
            f"{run.path} has not ended well (status {run.record.status}); "
            f"go on with it by chestnut train --resume {run.path}"
        )
    return Member(run, Bundle.read(run.bundle))


def _compare(first: Member, other: Member) -> None:
    """Refuse runs whose outputs or inputs mean different things."""
    pairs = [
        ("classes", ", ".join(first.bundle.classes), ", ".join(other.bundle.classes)),
        ("the positive class", first.bundle.positive, other.bundle.positive),
    ]
    pairs += [
        (f"input.{field}", getattr(first.bundle.spec, field), getattr(other.bundle.spec, field))
        for field in InputSpec.model_fields
        if field != "channels"  # grey is repeated for a member that takes three
    ]
    for name, ours, theirs in pairs:
        if ours != theirs:
            raise RunError(
                f"the runs differ in {name}: {ours} in {first.run.path}, {theirs} in {other.run.path}; "
                "give runs that agree"
            )


def _recipe(members: Sequence[Member]) -> Recipe:
    """What the ensemble is, in the words of a recipe."""
    spec = members[0].bundle.spec
    channels = min(one.bundle.spec.channels for one in members)
    names = sorted({one.bundle.recipe for one in members})
    return Recipe(
        name="ensemble",
        summary=f"mean of the calibrated probabilities of {len(members)} runs: {', '.join(names)}",
        input=spec.model_copy(update={"channels": channels}),
        model=EnsembleConfig(members=tuple(str(one.run.path.resolve()) for one in members)),
    )


def _notes(members: Sequence[Member], tested: bool) -> list[str]:
    """What must be known of the members; `tested` says whether test images are left."""
    notes = []
    if folds := [one.run for one in members if one.run.record.holdout]:
        page = folds[0].path.resolve().parent / "crossval.html"
        notes.append(
            f"{len(folds)} members are folds of a cross-validation; what the recipe is worth is said by its "
            f"out-of-fold figures, {page}"
        )
    elif not tested:
        notes.append(
            "no test images are left; where all members are trained on one split, which chestnut split writes and "
            "chestnut compare --repeats keeps, its test images stay unseen"
        )
    if looks := sum(len(one.run.own_looks) for one in members if not one.run.record.holdout):
        notes.append(
            f"the members had {looks} looks at test images before; an ensemble of runs chosen by those flatters itself"
        )
    if len({one.bundle.synthetic for one in members}) > 1:
        notes.append("some members were trained on synthetic images; the ensemble counts as synthetic")
    return notes
