"""MLflow: runs told to a tracking server, or to a SQLite file beside the runs folder (extra `mlflow`).

MLflow's own telemetry is switched off before it is imported. Its client waits minutes for a server that is gone; here
it gives up after seconds, and `Tracking` asks again.
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
from chestnut.training.tracking.content import files, final, keep, kept, labels, parameters, series
from chestnut.training.tracking.observer import in_short

_SURROUNDINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_ENDED = {"finished": "FINISHED", "failed": "FAILED"}
_SQLITE = "sqlite:///"
#: What MLflow takes in one request.
_MOST_PARAMETERS, _MOST_METRICS = 100, 1000


class MLflow:
    """A tracker that keeps runs in MLflow, in the experiment of `MLFLOW_EXPERIMENT_NAME`, else `chestnut`.

    Args:
        address: `sqlite:///` and the absolute path of a file, or the URL of a server.
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
            address: The text after `mlflow:`; empty for `MLFLOW_TRACKING_URI`, else mlflow.db beside `runs`.
            runs: The folder that runs stand in.

        Raises:
            TrackingError: An address that chestnut does not take, or nobody answers.
        """
        default = f"{_SQLITE}{runs.resolve().parent / 'mlflow.db'}"
        tracker = cls(_checked(address or os.environ.get("MLFLOW_TRACKING_URI") or default))
        file = tracker._file
        if file is None or file.exists():
            try:
                tracker._client.get_experiment_by_name(tracker._experiment)
            except Exception as error:
                raise TrackingError(
                    f"track={tracker.given}: MLflow does not answer ({in_short(error)}); start its server or correct "
                    "the address, or train without track"
                ) from error
        return tracker

    def begin(self, run: RunFolder) -> int:
        """Start a run in MLflow with the recipe's fields as parameters, or go on with the one that was started."""
        from mlflow.entities import Param

        known = kept(run, "mlflow", self.given)
        if known is None:
            experiment = self._experiment_id()
            known = self._client.create_run(experiment, run_name=run.name, tags=labels(run)).info.run_id
            keep(run, "mlflow", self.given, known)
        self._id = known
        self._client.update_run(known, status="RUNNING")
        held = [Param(name, str(value)) for name, value in parameters(run.recipe).items()]
        for start in range(0, len(held), _MOST_PARAMETERS):
            self._client.log_batch(known, params=held[start : start + _MOST_PARAMETERS])
        return max((metric.step for metric in self._client.get_metric_history(known, "loss/train")), default=0)

    def log(self, rows: Sequence[dict[str, Any]]) -> None:
        """Log the epochs' figures, an epoch's in one request at least."""
        for row in rows:
            self._metrics(series(row), int(row["epoch"]))

    def end(self, run: RunFolder) -> None:
        """Log final figures and files, and how the run has ended; delete it where nothing of it was kept."""
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
        held = [Metric(name, value, now, epoch) for name, value in values.items()]
        for start in range(0, len(held), _MOST_METRICS):
            self._client.log_batch(self._id, metrics=held[start : start + _MOST_METRICS])

    def _experiment_id(self) -> str:
        """The experiment's id; it is made where there is none, with its files beside a SQLite file."""
        found = self._client.get_experiment_by_name(self._experiment)
        if found is not None:
            return str(found.experiment_id)
        place = (self._file.parent / "mlruns" / self._experiment).as_uri() if self._file else None
        return str(self._client.create_experiment(self._experiment, artifact_location=place))

    @property
    def _file(self) -> Path | None:
        """The SQLite file; None for a server."""
        return Path(self._address.removeprefix(_SQLITE)) if self._address.startswith(_SQLITE) else None

    @property
    def _client(self) -> Any:
        """MLflow's client; the first use makes a SQLite file that is not there."""
        if self._opened is None:
            os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
            for name, value in _SURROUNDINGS.items():
                os.environ.setdefault(name, value)
            from mlflow import MlflowClient

            logging.getLogger("mlflow").setLevel(logging.ERROR)
            self._opened = MlflowClient(self._address)
        return self._opened


def _checked(address: str) -> str:
    """The address, a SQLite file's path made absolute.

    Raises:
        TrackingError: It is neither an http(s) URL nor a usable SQLite file, or it holds a password.
    """
    try:
        parts = urlsplit(address)
        web = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:  # a port that is no number, or half an IPv6 address
        web, parts = False, urlsplit("")
    if parts.password is not None:
        raise TrackingError(
            f"track=mlflow: the address of {parts.hostname} holds a password, which every run would keep; set "
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
    """Why MLflow could not keep its database in a file; empty where it could."""
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    if not file.exists():
        return "" if os.access(file.parent, os.W_OK) else f"{file.parent} may not be written to"
    if not file.is_file():
        return f"{file} is no file"
    with file.open("rb") as opened:
        return "" if opened.read(16) in (b"", b"SQLite format 3\0") else f"{file} is no SQLite database"
