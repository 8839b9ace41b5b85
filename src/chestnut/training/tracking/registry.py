"""Open trackers by name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from chestnut.errors import ChestnutError, MissingExtraError, TrackingError, suggest
from chestnut.runs.folder import RunFolder
from chestnut.training.tracking.observer import Tracker

_log = logging.getLogger(__name__)


def open_trackers(given: Sequence[str], runs: Path) -> tuple[Tracker, ...]:
    """Open trackers. Nothing is written.

    Args:
        given: Texts such as `mlflow`, `mlflow:http://127.0.0.1:5000` or `wandb`.
        runs: The folder that contains the runs.

    Raises:
        TrackingError: A name is unknown or repeated, an address is not valid, or a server does not answer.
        MissingExtraError: The tracker's package is not installed.
    """
    names = [text.partition(":")[0] for text in given]
    for name in names:
        if name not in _KNOWN:
            raise TrackingError(f"track={name}: no such tracker; {suggest(name, _KNOWN)}")
        if names.count(name) > 1:
            raise TrackingError(f"track={name}: given {names.count(name)} times; give each tracker once")
    return tuple(_KNOWN[name](text.partition(":")[2], runs) for name, text in zip(names, given, strict=True))


def reopen_trackers(given: Sequence[str], folder: Path) -> tuple[Tracker, ...]:
    """Open trackers for a run that takes place even if they fail; a tracker that cannot be opened causes a warning.

    Args:
        given: Texts as for `open_trackers`; empty for the trackers that the run had before.
        folder: The run's folder, which may be missing.
    """
    run = RunFolder(folder)
    opened: list[Tracker] = []
    if not given and run.environment_file.is_file():
        given = [known.track for known in run.record.tracking.values()]
    for text in given:
        try:
            opened += open_trackers([text], folder.parent)
        except ChestnutError as error:
            _log.warning("%s continues without this tracker: %s", run.name, error)
    return tuple(opened)


def _mlflow(address: str, runs: Path) -> Tracker:
    _require("mlflow", ("mlflow", "sqlalchemy", "alembic"))
    from chestnut.training.tracking.mlflow import MLflow

    return MLflow.open(address, runs)


def _wandb(address: str, runs: Path) -> Tracker:
    if address:
        raise TrackingError(f"track=wandb:{address}: wandb takes no address; set WANDB_BASE_URL instead")
    _require("wandb", ("wandb",))
    from chestnut.training.tracking.wandb import WeightsAndBiases

    return WeightsAndBiases.open()


def _require(extra: str, packages: Sequence[str]) -> None:
    """Check that the packages of an extra are installed."""
    for package in packages:
        if find_spec(package) is None:
            raise MissingExtraError(
                f"track={extra} needs {package}, which is not installed; run pip install 'chestnut[{extra}]', or "
                f"pip install '.[{extra}]' in chestnut's source folder"
            )


_KNOWN: dict[str, Callable[[str, Path], Tracker]] = {"mlflow": _mlflow, "wandb": _wandb}
