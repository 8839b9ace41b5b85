"""Train a recipe on a data set: from images to a finished run folder.

Nothing is written before the data has been read and found fit to train on. After that, a kill at any moment leaves a
run that `resume` continues from its last finished epoch.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from chestnut.auditing.audit import Audit, audit_images
from chestnut.auditing.pictures import save_pictures
from chestnut.config import ClassicalConfig, Recipe
from chestnut.data.cache.cache import Decoded, cache_folder, decode_all
from chestnut.data.cache.store import compiled_folder
from chestnut.data.manifest import Manifest, changed_files
from chestnut.data.prepare import Prepared, prepare
from chestnut.data.split import split
from chestnut.errors import RunError, TrainingError, listed
from chestnut.explain.mistake_gallery import draw_mistakes
from chestnut.export.add_onnx import try_add_onnx
from chestnut.files.folders import remove_folder
from chestnut.files.json_files import json_text
from chestnut.inference.finish import finish_bundle
from chestnut.inference.pictures.samples import choose_samples, draw_samples
from chestnut.inference.pictures.undrawn import draw_undrawn
from chestnut.lungfield.network import MODEL
from chestnut.models.build import build_recipe
from chestnut.models.compile_cache import keep_compiled
from chestnut.models.device import repeatable
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.places import require_free, take_folder
from chestnut.runs.study_file import keep_study, read_study_beside
from chestnut.runs.timestamp import now
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.class_balance import seen_shares
from chestnut.training.classical.fit import check_classical, fit_classical
from chestnut.training.distributed.devices import Devices, claim
from chestnut.training.distributed.hosts import Hosts
from chestnut.training.environment import environment
from chestnut.training.epochs.steps import Observer
from chestnut.training.neural import train_start
from chestnut.training.outputs import require_finite, save_network
from chestnut.training.precision import resolve
from chestnut.training.starting_network import Start, assemble, make_start, starts_from_run
from chestnut.training.threads import limit_threads
from chestnut.training.tracking.observer import Tracker, Tracking
from chestnut.training.tracking.tensorboard import TensorBoard

_log = logging.getLogger(__name__)

#: The status of a run by the way its training ended.
_STATUS = {"epochs": "finished", "early": "finished", "interrupted": "stopped"}


@dataclass(frozen=True)
class Setup:
    """How a run is trained, apart from its data and its recipe.

    Attributes:
        folder: The folder of the run.
        skip_bad: Whether to leave out unreadable images instead of raising an error.
        audited: Whether to audit the data first and keep the findings in the run.
        command: The command line, for the record of the run and the ledger.
        bars: The progress bars for decoding and auditing.
        observers: The observers to notify of every batch and epoch.
        devices: The number of devices of each host that share a batch.
        hosts: The hosts that train together; None to train on this one alone.
        trackers: The trackers that log the run, in addition to TensorBoard.
        threads: The number of threads of one operation; None does not change the process.
        for_use: Whether the run will be used alone: it gets a guard, which takes a pass of the network over some
            2,000 images, the network in ONNX form, and pictures. Other runs get pictures only if trackers show them;
            see `draw_undrawn`.
        numbered: Whether `free_folder` chose the folder; if another process makes it first, the next free number is
            taken.
    """

    folder: Path
    skip_bad: bool = False
    audited: bool = True
    command: str = "chestnut.train"
    bars: Bars = silent
    observers: tuple[Observer, ...] = field(default=())
    devices: int = 1
    hosts: Hosts | None = None
    trackers: tuple[Tracker, ...] = ()
    threads: int | None = None
    for_use: bool = True
    numbered: bool = False


def train(data: Manifest, recipe: Recipe, setup: Setup) -> RunFolder:
    """Train a recipe on a data set.

    Args:
        data: The images; they are split by the recipe's fractions if they have no split.
        recipe: The recipe.
        setup: The folder of the run, and how it is trained.

    Raises:
        TakenError: The folder exists already.
        DataError: Some images cannot be read, there are fewer than two classes, or a class has no training or no
            validation images.
        RecipeError: The recipe does not fit the data or the devices.
        DeviceError: The devices do not exist, the hosts cannot connect, or it is too late to set the threads.
        StudyFileError: The study.toml beside the images is not valid.
        TrainingError: The loss is not finite.
        KeyboardInterrupt: Ctrl-C before the end of the first epoch; the run folder is removed.
    """
    if not setup.numbered:
        require_free(setup.folder)
    limit_threads(setup.threads)
    devices = claim(setup.devices, setup.hosts)
    keep_compiled(compiled_folder())
    devices.check(recipe)
    study = read_study_beside(data.root)
    prepared = prepare(
        data,
        [recipe.input],
        lambda images: split(images, recipe.data.fractions, recipe.seed),
        positive=recipe.data.positive,
        skip_bad=setup.skip_bad,
        bars=setup.bars,
    )
    return _train_prepared(prepared, recipe, setup, devices, study)


def _train_prepared(prepared: Prepared, recipe: Recipe, setup: Setup, devices: Devices, study: str | None) -> RunFolder:
    """Audit the images, make the run folder and train."""
    if not setup.numbered:
        require_free(setup.folder)  # reading the data took a while
    if isinstance(recipe.model, ClassicalConfig):
        check_classical(prepared.manifest, recipe, devices)
    findings = _audit(prepared, setup.bars) if setup.audited else None
    classes = len(prepared.manifest.classes)
    build_recipe(recipe, classes)  # refuses what cannot be built before anything is written
    recipe = resolve(recipe, classes, cache_folder() / "precision.json", alone=devices.hosts == 1)
    with devices.scope():
        start = _build_start(prepared.manifest, recipe)
    run = _create_run(prepared, recipe, setup, start, findings, study)
    with Checkpoint(run.state).owned():
        return _track_and_fit(run, prepared, setup, devices, start)


def _create_run(
    prepared: Prepared, recipe: Recipe, setup: Setup, start: Start, findings: Audit | None, study: str | None
) -> RunFolder:
    """Make the run folder, which contains from the beginning all that a resume needs."""
    facts = _note_lost(prepared).facts() | {"skipped": [str(fault) for fault in prepared.bad]}
    if (lost := prepared.lost_lungs) is not None:
        facts["lungs"] = {"network": MODEL, "not_found": len(lost.names)}
    drawn = setup.for_use or bool(setup.trackers)
    changes = {"from_run": start.from_run} | ({} if drawn else {"undrawn": True})
    record = environment(setup.command).model_copy(update=changes)

    def write(folder: Path) -> None:
        with RunFolder.create(folder, recipe, record, facts) as draft:
            draft.write(draft.manifest_file, prepared.manifest.to_csv(draft.path))
            keep_study(draft, study)
            if findings:
                audited = findings.to_dict()
                draft.write(draft.audit_file, json_text(audited))
                save_pictures(audited["findings"], draft.finding_pictures)
            if drawn:
                rows = choose_samples(prepared.manifest, recipe.seed)
                pixels = np.asarray(prepared.pixels[np.array(rows)])
                draw_samples(prepared.manifest.take(rows), pixels, recipe.input, draft.figures / "samples.png")
            if not isinstance(recipe.model, ClassicalConfig):
                draft.update(start_weights=Checkpoint(draft.state).save_start(start.network))

    return RunFolder(take_folder(setup.folder, write, numbered=setup.numbered))


def _note_lost(prepared: Prepared) -> Manifest:
    """Return the manifest with a note on the images whose lungs were not found, if there are any."""
    note = str(prepared.lost_lungs or "")
    return prepared.manifest.with_note(note) if note else prepared.manifest


def resume(setup: Setup) -> RunFolder:
    """Continue a run that was killed or stopped, from its last finished epoch.

    Raises:
        RunError: There is no such run, it has finished, its images have changed since it began, or what was saved of
            it is missing or damaged.
        DeviceError: The devices do not exist, the hosts cannot connect, or this process has already computed with
            another number of threads than the run.
    """
    run = RunFolder.open(setup.folder)
    if run.finished:
        run.remove_state()
        raise RunError(
            f"{run.path} has finished, so there is nothing to resume; judge it with chestnut evaluate {run.path} "
            f"--split test, or see it with chestnut report {run.path}"
        )
    if not can_resume(run):
        raise RunError(
            f"{run.path} was begun by an older chestnut, which had saved nothing of it when it was stopped, so there "
            "is nothing to resume; remove it and train again"
        )
    limit_threads(run.record.threads)
    devices = claim(setup.devices, setup.hosts)
    keep_compiled(compiled_folder())
    devices.check(run.recipe)
    decoded = _decode_recorded(run, setup.bars)
    with Checkpoint(run.state).owned():
        run.update(status="training", stopped_by=None, ended=None, error=None, resumed=[*run.record.resumed, now()])
        return _track_and_fit(run, decoded, setup, devices)


def can_resume(run: RunFolder) -> bool:
    """Tell whether a run that has not finished can be continued: always, unless an older chestnut began it."""
    saved = Checkpoint(run.state)
    fitted_at_once = isinstance(run.recipe.model, ClassicalConfig)
    return fitted_at_once or run.record.start_weights is not None or saved.exists() or saved.has_start()


def _decode_recorded(run: RunFolder, bars: Bars) -> Decoded:
    """Decode the images that a run began with, and check that they are the same."""
    recorded = run.manifest
    lungs = run.facts.get("lungs")
    if lungs and lungs["network"] != MODEL:
        raise RunError(
            f"{run.path} began with lungs that the network {lungs['network']} found, and this chestnut has {MODEL}; "
            "resume it with the chestnut that began it, or start a new training"
        )
    with bars("Decoding images") as tick:
        decoded = decode_all(recorded, run.recipe.input, skip_bad=True, progress=tick)
    if decoded.bad:
        names = [Path(bad.path).name for bad in decoded.bad]
        raise RunError(f"{len(names)} images of the run can no longer be read ({listed(names, 3)}); restore them")
    if changed := changed_files(recorded, decoded.manifest):
        raise RunError(
            f"{len(changed)} images have changed since training began ({listed(changed, 3)}); "
            "restore them, or start a new training"
        )
    return decoded


def _audit(prepared: Prepared, bars: Bars) -> Audit:
    """Audit the images and log what is wrong with them."""
    found = audit_images(prepared.manifest, bad=prepared.bad, bars=bars)
    for finding in found.findings:
        if finding.severity != "info":
            _log.warning("audit, %s: %s", finding.severity, finding.title)
    return found


def _build_start(manifest: Manifest, recipe: Recipe) -> Start:
    """Build the network before its first step; it depends on the recipe and the data alone."""
    repeatable(recipe.seed)
    targets = manifest.only("train").targets
    return make_start(recipe, len(manifest.classes), seen_shares(targets, len(manifest.classes), recipe.data.balance))


def _track_and_fit(
    run: RunFolder, decoded: Decoded, setup: Setup, devices: Devices, start: Start | None = None
) -> RunFolder:
    """Train from the start, or from the run's last finished epoch, with all trackers notified."""
    with Tracking(run, (TensorBoard(), *setup.trackers)) as tracking:
        return _fit(run, decoded, replace(setup, observers=(tracking, *setup.observers)), devices, start)


def _fit(run: RunFolder, decoded: Decoded, setup: Setup, devices: Devices, start: Start | None) -> RunFolder:
    """Train, save the network, and evaluate it on the validation images."""
    checkpoint = Checkpoint(run.state)
    new = start is not None
    try:
        with devices.scope():
            start = start or _restore_start(run, checkpoint, len(decoded.manifest.classes))
            run.update(trained_parameters=start.count_trained(), cut=start.parts.cut, **devices.facts())
            repeatable(run.recipe.seed)  # building and restoring the start draw different random numbers
            if isinstance(run.recipe.model, ClassicalConfig):
                outcome, network = fit_classical(run, decoded, setup.observers)
            else:
                outcome, network = train_start(run, decoded, start, devices, checkpoint, setup.observers, setup.bars)
            require_finite(network, run.recipe)
    except KeyboardInterrupt:
        if new and not checkpoint.exists():
            remove_folder(run.path)
        raise
    except TrainingError as error:
        run.update(status="failed", ended=now(), error=str(error))
        raise
    if devices.leave_hosts():
        return run
    save_network(run, network, outcome, decoded.manifest)
    finish_bundle(run, decoded, setup.bars, guarded=setup.for_use)
    if setup.for_use and run.recipe.train.export == "onnx":
        try_add_onnx(run)
    if setup.for_use:
        draw_mistakes(run, "val", setup.bars)
    run.update(status=_STATUS[outcome.ended], ended=now())
    if outcome.ended != "interrupted":
        checkpoint.remove()
    if setup.for_use:
        draw_undrawn(run, setup.bars)
    return run


def _restore_start(run: RunFolder, checkpoint: Checkpoint, classes: int) -> Start:
    """Build the network of a run that is resumed, as it was before its first step.

    Once an epoch has been saved, only the frozen part, which later files do not contain, is taken from the start.
    """
    recipe, record = run.recipe, run.record
    repeatable(recipe.seed)
    start = assemble(recipe, classes)
    if isinstance(recipe.model, ClassicalConfig):
        return start
    if start.parts.frozen is not None or not checkpoint.exists():
        checkpoint.restore_start(start.network, record.start_weights)
    return replace(start, from_run=starts_from_run(recipe) if record.from_run is None else record.from_run)
