"""From a manifest and a recipe to a finished run folder: split, decode, audit, train, bundle, look at the validation.

Called by `api` and `cli`. Nothing is written before the data has been read and found fit to train on; after that, a
kill at any moment leaves a run that `resume` continues.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from chestnut.auditing.audit import Audit, audit
from chestnut.config import ClassicalConfig, Recipe
from chestnut.data.cache.cache import Decoded, cache_folder, decode_all
from chestnut.data.decoding.headers import read_facts
from chestnut.data.manifest import Manifest, changed_files
from chestnut.data.split import require_trainable, split
from chestnut.errors import RunError, TrainingError, listed
from chestnut.figures.evaluation import history_figure, sample_grid_figure, save
from chestnut.files.atomic import write_json
from chestnut.inference.bundle import write_bundle
from chestnut.inference.evaluate import evaluate_run
from chestnut.models.build import build_recipe
from chestnut.models.device import repeatable
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder, now, require_free
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.class_balance import seen_shares
from chestnut.training.classical.fit import check_classical, fit_classical
from chestnut.training.distributed.devices import Devices, claim
from chestnut.training.distributed.hosts import Hosts
from chestnut.training.environment import environment
from chestnut.training.loop import Observer, Outcome
from chestnut.training.neural import train_start
from chestnut.training.precision import resolve
from chestnut.training.starting_network import Start, assemble, begin
from chestnut.training.tracking.observer import Tracker, Tracking
from chestnut.training.tracking.tensorboard import TensorBoard

_log = logging.getLogger(__name__)

_ENDED = {"epochs": "finished", "early": "finished", "interrupted": "stopped"}
_SAMPLES = 12


@dataclass(frozen=True)
class Setup:
    """How a run is to be made, beside its data and its recipe.

    Attributes:
        folder: The run's folder.
        skip_bad: Leave unreadable images out instead of stopping.
        audited: Audit the data first and keep the findings in the run.
        command: The command line, for environment.json and the ledger.
        bars: Shows the progress of decoding and auditing.
        observers: Told of every batch and epoch.
        devices: How many devices of each host train together.
        hosts: How to find the other hosts; None where this one trains alone.
        trackers: Where else the run is kept, beside TensorBoard's files.
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


def train(manifest: Manifest, recipe: Recipe, setup: Setup) -> RunFolder:
    """Train a recipe on a data set.

    Args:
        manifest: The data; split by the recipe's fractions where it has no split.
        recipe: The recipe.
        setup: Where and how.

    Raises:
        RunError: The folder is taken.
        DataError: Unreadable images, fewer than two classes, or a class without training or validation images.
        RecipeError: The recipe does not fit the data or the devices.
        DeviceError: The devices are not there, or the hosts do not meet.
        TrainingError: The loss is not finite.
        KeyboardInterrupt: Ctrl-C before the first epoch had ended; the run folder is removed.
    """
    require_free(setup.folder)
    devices = claim(setup.devices, setup.hosts)
    devices.check(recipe)
    if recipe.data.positive is not None:
        manifest = manifest.with_positive(recipe.data.positive)
    said = len(manifest.notes)
    manifest = split(manifest, recipe.data.fractions, recipe.seed)
    for note in manifest.notes[said:]:
        _log.info(note)
    decoded = _decoded(manifest, recipe, setup)
    require_trainable(decoded.manifest)
    if isinstance(recipe.model, ClassicalConfig):
        check_classical(decoded.manifest, recipe, devices)
    findings = _audited(decoded, recipe, setup) if setup.audited else None
    build_recipe(recipe, len(manifest.classes))  # refuses what cannot be built before anything is written
    recipe = resolve(recipe, len(manifest.classes), cache_folder() / "precision.json", alone=devices.hosts == 1)
    with devices.scope():
        start = _begin(decoded.manifest, recipe)
    facts = decoded.manifest.facts() | {"skipped": [str(bad) for bad in decoded.bad]}
    with RunFolder.create(setup.folder, recipe, environment(setup.command), facts) as draft:
        decoded.manifest.save(draft.manifest_file)
        if findings:
            write_json(draft.audit_file, findings.to_dict())
        _draw_samples(decoded, draft.figures / "samples.png", recipe.seed)
    run = RunFolder(setup.folder)
    with Checkpoint(run.state).owned():
        return _go_on(run, decoded, setup, devices, start)


def resume(setup: Setup) -> RunFolder:
    """Go on with a run that was killed or stopped, from its last finished epoch.

    Raises:
        RunError: There is no such run, it has ended, or the images are no longer those it was trained on.
        DeviceError: The devices are not there, or the hosts do not meet.
    """
    run = RunFolder.open(setup.folder)
    if run.environment.get("status") == "finished":
        raise RunError(f"{run.path} has ended already; nothing is left to resume")
    devices = claim(setup.devices, setup.hosts)
    devices.check(run.recipe)
    recorded = Manifest.read(run.manifest_file, run.facts)
    decoded = _decoded(recorded, run.recipe, replace(setup, skip_bad=True))
    if decoded.bad:
        names = [Path(bad.path).name for bad in decoded.bad]
        raise RunError(f"{len(names)} images of the run can no longer be read ({listed(names, 3)}); restore them")
    if changed := changed_files(recorded, decoded.manifest):
        raise RunError(f"{len(changed)} images have changed since training began ({listed(changed, 3)}); train anew")
    with Checkpoint(run.state).owned():
        begun = {"status": "training", "stopped_by": None, "ended": None}
        run.note(**begun, resumed=[*run.environment.get("resumed", []), now()])
        return _go_on(run, decoded, setup, devices)


def _decoded(manifest: Manifest, recipe: Recipe, setup: Setup) -> Decoded:
    with setup.bars("Decoding images") as tick:
        return decode_all(manifest, recipe.input, skip_bad=setup.skip_bad, progress=tick)


def _audited(decoded: Decoded, recipe: Recipe, setup: Setup) -> Audit:
    """Audit the images as they were published: once their grey values are standardised, shortcuts no longer show."""
    published = recipe.input.model_copy(update={"intensity": "none"})
    with setup.bars("Auditing the data") as tick:
        seen = decode_all(decoded.manifest, published)
        found = audit(seen.manifest, seen.pixels, read_facts(seen.manifest.paths), decoded.bad, progress=tick)
    for finding in found.findings:
        if finding.severity != "info":
            _log.warning("audit, %s: %s", finding.severity, finding.title)
    return found


def _begin(manifest: Manifest, recipe: Recipe) -> Start:
    """The network before its first step; the same for the same recipe and data."""
    repeatable(recipe.seed)
    targets = manifest.only("train").targets
    return begin(recipe, len(manifest.classes), seen_shares(targets, len(manifest.classes), recipe.data.balance))


def _go_on(run: RunFolder, decoded: Decoded, setup: Setup, devices: Devices, start: Start | None = None) -> RunFolder:
    """Train from the start, or from wherever the run stands, while trackers are told of it."""
    with Tracking(run, (TensorBoard(), *setup.trackers)) as told:
        return _make(run, decoded, replace(setup, observers=(told, *setup.observers)), devices, start)


def _make(run: RunFolder, decoded: Decoded, setup: Setup, devices: Devices, start: Start | None) -> RunFolder:
    """Train, and write what the run leaves behind."""
    checkpoint = Checkpoint(run.state)
    new = start is not None
    try:
        with devices.scope():
            start = start or _again(run, checkpoint)
            run.note(trained_parameters=start.learned(), cut=start.parts.cut, **devices.facts())
            if isinstance(run.recipe.model, ClassicalConfig):
                outcome, network = fit_classical(run, decoded, setup.observers)
            else:
                outcome, network = train_start(run, decoded, start, devices, checkpoint, setup.observers, setup.bars)
    except KeyboardInterrupt:
        if new:
            shutil.rmtree(run.path)
        raise
    except TrainingError as error:
        run.note(status="failed", ended=now(), error=str(error))
        raise
    if devices.part():
        return run
    _finish(run, network, outcome, decoded.manifest)
    evaluate_run(run, "val", command=setup.command, bars=setup.bars)
    run.note(status=_ENDED[outcome.ended], ended=now())
    if outcome.ended != "interrupted":
        checkpoint.remove()
    return run


def _again(run: RunFolder, checkpoint: Checkpoint) -> Start:
    """The network of a run that goes on, with the frozen weights it began with."""
    repeatable(run.recipe.seed)
    start = assemble(run.recipe, len(run.facts["classes"]))
    if (weights := checkpoint.start()) is not None:
        start.network.set_weights(weights)
    return start


def _finish(run: RunFolder, network: Any, outcome: Outcome, manifest: Manifest) -> None:
    recipe = run.recipe
    write_bundle(
        run.bundle,
        network,
        recipe=recipe.name,
        classes=manifest.classes,
        positive=manifest.positive,
        spec=recipe.input,
        temperature=1.0,
        threshold=0.5,
        synthetic=manifest.synthetic,
    )
    rows = outcome.progress.rows
    run.note(
        epochs=len(rows),
        best_epoch=outcome.progress.best_epoch,
        stopped_by=outcome.ended,
        start=outcome.progress.start,
        parameters=int(network.count_params()),
        seconds=round(sum(row["seconds"] for row in rows), 1),
    )
    save(history_figure(run.history, outcome.progress.best_epoch), run.figures / "history.png")


def _draw_samples(decoded: Decoded, path: Path, seed: int) -> None:
    """Draw a few training images of each class."""
    manifest, random = decoded.manifest, np.random.default_rng(seed)
    training = manifest.frame["split"].to_numpy() == "train"
    each = max(1, _SAMPLES // len(manifest.classes))
    rows = [
        row
        for label in manifest.classes
        for row in random.permutation(np.flatnonzero(training & (manifest.frame["label"] == label).to_numpy()))[:each]
    ]
    titles = [str(manifest.frame["label"].iloc[row]) for row in rows]
    save(sample_grid_figure(np.asarray(decoded.pixels[np.array(rows)]), titles, each), path)
