"""Log runs to MLflow: to a tracking server, or to a SQLite file beside the runs folder (extra `mlflow`).

MLflow's telemetry is switched off before it is imported. By default, its client waits minutes for a server that does
not answer; here it gives up after seconds, and `Tracking` tries again later.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from chestnut.errors import TrackingError
from chestnut.runs.folder import RunFolder
from chestnut.training.tracking.content import (
    files,
    final,
    labels,
    parameters,
    read_tracker_id,
    record_tracker_id,
    series,
)
from chestnut.training.tracking.observer import shorten_error

_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_ENDED = {"finished": "FINISHED", "failed": "FAILED"}
_SQLITE = "sqlite:///"
#: The most items that MLflow accepts in one request.
_MOST_PARAMETERS, _MOST_METRICS = 100, 1000


class MLflow:
    """A tracker that logs runs to MLflow, in the experiment of `MLFLOW_EXPERIMENT_NAME`, or else `chestnut`.

    Args:
        address: The URL of a server, or `sqlite:///` and the absolute path of a file.
    """

    def __init__(self, address: str) -> None:
        self.given = f"mlflow:{address}"
        self._address = address
        self._experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "chestnut"
        self._opened: Any = None
        self._id = ""

    @classmethod
    def open(cls, address: str, runs: Path) -> Self:
        """Check an address, and that MLflow answers there. Nothing is written.

        Args:
            address: The address; empty for that of `MLFLOW_TRACKING_URI`, or else for mlflow.db beside `runs`.
            runs: The folder that contains the runs.

        Raises:
            TrackingError: The address is not valid, or MLflow does not answer.
        """
        default = f"{_SQLITE}{runs.resolve().parent / 'mlflow.db'}"
        tracker = cls(_check_address(address or os.environ.get("MLFLOW_TRACKING_URI") or default))
        file = tracker._file
        if file is None or file.exists():
            try:
                tracker._client.get_experiment_by_name(tracker._experiment)
            except Exception as error:
                raise TrackingError(
                    f"track={tracker.given}: MLflow does not answer ({shorten_error(error)}); start its server or "
                    "correct the address, or train without track="
                ) from error
        return tracker

    def begin(self, run: RunFolder) -> int:
        """Start a run in MLflow with the recipe's fields as parameters, or continue the one that was started before."""
        from mlflow.entities import Param

        known = read_tracker_id(run, "mlflow", self.given)
        if known is None:
            experiment = self._experiment_id()
            known = self._client.create_run(experiment, run_name=run.name, tags=labels(run)).info.run_id
            record_tracker_id(run, "mlflow", self.given, known)
        self._id = known
        self._client.update_run(known, status="RUNNING")
        entries = [Param(name, str(value)) for name, value in parameters(run.recipe).items()]
        for start in range(0, len(entries), _MOST_PARAMETERS):
            self._client.log_batch(known, params=entries[start : start + _MOST_PARAMETERS])
        return max((metric.step for metric in self._client.get_metric_history(known, "loss/train")), default=0)

    def log(self, rows: Sequence[dict[str, Any]]) -> None:
        """Log the metrics of epochs, with at least one request per epoch."""
        for row in rows:
            self._metrics(series(row), int(row["epoch"]))

    def end(self, run: RunFolder) -> None:
        """Log the final metrics, files and status; delete the run in MLflow if its folder was removed."""
        if not run.path.exists():
            self._client.delete_run(self._id)
            return
        record = run.record
        self._metrics(final(run), record.epochs or 0)
        for path, folder in files(run):
            self._client.log_artifact(self._id, str(path), folder or None)
        best = "none" if record.best_epoch is None else str(record.best_epoch)
        for name, value in {**labels(run), "best_epoch": best}.items():
            self._client.set_tag(self._id, name, value)
        self._client.set_terminated(self._id, _ENDED.get(record.status, "KILLED"))

    def _metrics(self, values: dict[str, float], epoch: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        entries = [Metric(name, value, now, epoch) for name, value in values.items()]
        for start in range(0, len(entries), _MOST_METRICS):
            self._client.log_batch(self._id, metrics=entries[start : start + _MOST_METRICS])

    def _experiment_id(self) -> str:
        """Return the id of the experiment; create it if necessary, with its files beside a SQLite file."""
        found = self._client.get_experiment_by_name(self._experiment)
        if found is not None:
            return str(found.experiment_id)
        place = (self._file.parent / "mlruns" / self._experiment).as_uri() if self._file else None
        return str(self._client.create_experiment(self._experiment, artifact_location=place))

    @property
    def _file(self) -> Path | None:
        """The SQLite file, or None for a server."""
        return Path(self._address.removeprefix(_SQLITE)) if self._address.startswith(_SQLITE) else None

    @property
    def _client(self) -> Any:
        """MLflow's client; its first use creates a missing SQLite file."""
        if self._opened is None:
            os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
            for name, value in _ENVIRONMENT.items():
                os.environ.setdefault(name, value)
            from mlflow import MlflowClient

            logging.getLogger("mlflow").setLevel(logging.ERROR)
            self._opened = MlflowClient(self._address)
        return self._opened


def _check_address(address: str) -> str:
    """Return the address, with an absolute path for a SQLite file.

    Raises:
        TrackingError: It is neither an http(s) URL nor a usable SQLite file, or it contains a password.
    """
    try:
        parts = urlsplit(address)
        web = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:  # a port that is not a number, or an incomplete IPv6 address
        web, parts = False, urlsplit("")
    if parts.password is not None:
        raise TrackingError(
            f"track=mlflow: the address of {parts.hostname} contains a password, which every run would store; set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead"
        )
    if web:
        return address.rstrip("/")
    if not address.startswith(_SQLITE) or address == _SQLITE:
        raise TrackingError(
            f"track=mlflow:{address}: give sqlite:///FILE, or http://HOST:PORT of an MLflow server, or no address "
            "for mlflow.db beside the runs folder"
        )
    file = Path(address.removeprefix(_SQLITE)).resolve()
    if fault := _fault(file):
        raise TrackingError(f"track=mlflow:{address}: {fault}; give the path of an MLflow database or of a new file")
    return f"{_SQLITE}{file}"


def _fault(file: Path) -> str:
    """Return why a file cannot be MLflow's database; empty if it can."""
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    if not file.exists():
        return "" if os.access(file.parent, os.W_OK) else f"there is no permission to write to {file.parent}"
    if not file.is_file():
        return f"{file} is not a file"
    with file.open("rb") as opened:
        return "" if opened.read(16) in (b"", b"SQLite format 3\0") else f"{file} is not a SQLite database"
