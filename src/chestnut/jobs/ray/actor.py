"""`JobActor`: runs jobs on a node of a Ray cluster, one at a time.

Ray may end it at any moment; the job's process then ends by itself. Nothing here uses Ray, so it can be tested alone.
"""

from __future__ import annotations

import queue
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from chestnut.jobs.job import Job
from chestnut.jobs.process import WORKER, JobProcess, Messages, StartMethod
from chestnut.jobs.ray.transfer import JobFiles, pack_run


@dataclass(frozen=True)
class Report:
    """How a job ended on a node.

    Attributes:
        status: The status, as in `Result`.
        error: The error, as in `Result`.
        seconds: The time that it took, as in `Result`.
        run: An archive of its run; empty if the node shares the disk, or if there is no run.
        log: The standard error of a failed job, if the node does not share the disk.
    """

    status: Literal["finished", "stopped", "failed"]
    error: str
    seconds: float
    run: bytes = b""
    log: str = ""


class JobActor:
    """Runs one job after another.

    Args:
        start_method: How the processes of jobs are started.
    """

    def __init__(self, start_method: StartMethod = WORKER) -> None:
        self._starter = start_method.create_starter()
        self._messages: Messages = Messages()
        self._process: JobProcess | None = None
        self._asked: Job | None = None
        self._home: Path | None = None
        self._report: Report | None = None

    def begin(self, job: Job, variables: Mapping[str, str], mark: Path, files: JobFiles | None = None) -> bool:
        """Start the process of a job.

        Args:
            job: The job, with absolute paths.
            variables: Environment variables for the process.
            mark: A file in the folder of the job's run. The node sees it only if it shares the disk.
            files: The files of the job; None to read them from the shared disk.

        Returns:
            Whether the process was started. It is not if the node does not share the disk and no files were given.
        """
        if files is None and not mark.is_file():
            return False
        self._asked, self._messages, self._report = job, Messages(), None
        if files is not None:
            self._home = Path(tempfile.mkdtemp(prefix="chestnut-job-"))
            job = files.unpack(job, self._home)
        self._process = JobProcess.start(job, self._starter, self._messages, variables)
        return True

    def collect(self, seconds: float) -> tuple[list[dict[str, Any]], Report | None]:
        """Return the events since the last call and, once the job has ended, its report, however often it is asked for.

        Args:
            seconds: How long to wait for the first event.
        """
        if self._report is not None:
            return [], self._report
        events: list[dict[str, Any]] = []
        until = time.monotonic() + seconds
        while True:
            try:
                _, message = self._messages.get(timeout=0.0 if events else max(0.0, until - time.monotonic()))
            except queue.Empty:
                return events, None
            if message is None:
                return events, self._finish()
            if message["kind"] == "end" and self._process is not None:
                self._process.ending = message["facts"]
            else:
                events.append(message)

    def stop(self) -> None:
        """Ask the job to save its state and end; `collect` then returns its report."""
        if self._process is not None:
            self._process.stop()

    def _finish(self) -> Report:
        process, asked = self._process, self._asked
        if process is None or asked is None:
            raise ValueError("no job was started")
        result = process.finish()
        self._process = None
        if self._home is None:
            self._report = Report(result.status, result.error, result.seconds)
            return self._report
        log = process.log_file.read_text("utf-8") if process.log_file.is_file() else ""
        error = result.error.replace(str(process.job.folder.parent), str(asked.folder.parent))
        self._report = Report(result.status, error, result.seconds, pack_run(process.job, asked), log)
        shutil.rmtree(self._home, ignore_errors=True)
        self._home = None
        return self._report
