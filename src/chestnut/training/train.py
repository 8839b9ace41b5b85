"""Train a recipe on a data set: from images to a finished run folder.

Nothing is written before the data has been read and found fit to train on. After that, a kill at any moment leaves a
run that `resume` continues from its last finished epoch.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

from chestnut.auditing.audit import Audit, audit_images
from chestnut.config import ClassicalConfig, Recipe
from chestnut.data.cache.cache import Decoded, cache_folder, decode_all
from chestnut.data.manifest import Manifest, changed_files
from chestnut.data.prepare import Prepared, prepare
from chestnut.data.split import split
from chestnut.errors import RunError, TrainingError, listed
from chestnut.files.folders import remove_folder
from chestnut.files.json_files import write_json
from chestnut.inference.evaluate import evaluate_run
from chestnut.models.build import build_recipe
from chestnut.models.device import repeatable
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.places import require_free
from chestnut.runs.timestamp import now
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.class_balance import seen_shares
from chestnut.training.classical.fit import check_classical, fit_classical
from chestnut.training.distributed.devices import Devices, claim
from chestnut.training.distributed.hosts import Hosts
from chestnut.training.environment import environment
from chestnut.training.loop import Observer
from chestnut.training.neural import train_start
from chestnut.training.outputs import draw_samples, require_finite, save_network
from chestnut.training.precision import resolve
from chestnut.training.starting_network import Start, assemble, make_start
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


def train(data: Manifest, recipe: Recipe, setup: Setup) -> RunFolder:
    """Train a recipe on a data set.

    Args:
        data: The images; they are split by the recipe's fractions if they have no split.
        recipe: The recipe.
        setup: The folder of the run, and how it is trained.

    Raises:
        RunError: The folder exists already.
        DataError: Some images cannot be read, there are fewer than two classes, or a class has no training or no
            validation images.
        RecipeError: The recipe does not fit the data or the devices.
        DeviceError: The devices do not exist, the hosts cannot connect, or it is too late to set the threads.
        TrainingError: The loss is not finite.
        KeyboardInterrupt: Ctrl-C before the end of the first epoch; the run folder is removed.
    """
    require_free(setup.folder)
    limit_threads(setup.threads)
    devices = claim(setup.devices, setup.hosts)
    devices.check(recipe)
    prepared = prepare(
        data,
        [recipe.input],
        lambda images: split(images, recipe.data.fractions, recipe.seed),
        positive=recipe.data.positive,
        skip_bad=setup.skip_bad,
        bars=setup.bars,
    )
    return _train_prepared(prepared, recipe, setup, devices)


def _train_prepared(prepared: Prepared, recipe: Recipe, setup: Setup, devices: Devices) -> RunFolder:
    """Audit the images, make the run folder and train."""
    if isinstance(recipe.model, ClassicalConfig):
        check_classical(prepared.manifest, recipe, devices)
    findings = _audit(prepared, setup.bars) if setup.audited else None
    classes = len(prepared.manifest.classes)
    build_recipe(recipe, classes)  # refuses what cannot be built before anything is written
    recipe = resolve(recipe, classes, cache_folder() / "precision.json", alone=devices.hosts == 1)
    with devices.scope():
        start = _build_start(prepared.manifest, recipe)
    facts = prepared.manifest.facts() | {"skipped": [str(fault) for fault in prepared.bad]}
    with RunFolder.create(setup.folder, recipe, environment(setup.command), facts) as draft:
        prepared.manifest.save(draft.manifest_file)
        if findings:
            write_json(draft.audit_file, findings.to_dict())
        draw_samples(prepared, draft.figures / "samples.png", recipe.seed)
    run = RunFolder(setup.folder)
    with Checkpoint(run.state).owned():
        return _track_and_fit(run, prepared, setup, devices, start)


def resume(setup: Setup) -> RunFolder:
    """Continue a run that was killed or stopped, from its last finished epoch.

    Raises:
        RunError: There is no such run, it has finished, or its images have changed since it began.
        DeviceError: The devices do not exist, the hosts cannot connect, or this process has already computed with
            another number of threads than the run.
    """
    run = RunFolder.open(setup.folder)
    if run.finished:
        raise RunError(f"{run.path} has finished, so there is nothing to resume")
    limit_threads(run.record.threads)
    devices = claim(setup.devices, setup.hosts)
    devices.check(run.recipe)
    decoded = _decode_recorded(run, setup.bars)
    with Checkpoint(run.state).owned():
        run.update(status="training", stopped_by=None, ended=None, resumed=[*run.record.resumed, now()])
        return _track_and_fit(run, decoded, setup, devices)


def _decode_recorded(run: RunFolder, bars: Bars) -> Decoded:
    """Decode the images that a run began with, and check that they are the same."""
    recorded = Manifest.read(run.manifest_file, run.facts)
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
            start = start or _restore_start(run, checkpoint)
            run.update(trained_parameters=start.count_trained(), cut=start.parts.cut, **devices.facts())
            if isinstance(run.recipe.model, ClassicalConfig):
                outcome, network = fit_classical(run, decoded, setup.observers)
            else:
                outcome, network = train_start(run, decoded, start, devices, checkpoint, setup.observers, setup.bars)
            require_finite(network, run.recipe)
    except KeyboardInterrupt:
        if new:
            remove_folder(run.path)
        raise
    except TrainingError as error:
        run.update(status="failed", ended=now(), error=str(error))
        raise
    if devices.leave_hosts():
        return run
    save_network(run, network, outcome, decoded.manifest)
    evaluate_run(run, "val", command=setup.command, bars=setup.bars)
    run.update(status=_STATUS[outcome.ended], ended=now())
    if outcome.ended != "interrupted":
        checkpoint.remove()
    return run


def _restore_start(run: RunFolder, checkpoint: Checkpoint) -> Start:
    """Build the network of a run that is resumed, with the frozen weights it began with."""
    repeatable(run.recipe.seed)
    start = assemble(run.recipe, len(run.facts["classes"]))
    if (weights := checkpoint.start()) is not None:
        start.network.set_weights(weights)
    return start
