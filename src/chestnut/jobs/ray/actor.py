"""`Place`: where one job at a time runs on a node of a cluster.

`ray_engine` makes it an actor, calls it from afar, and may end it at any moment; the job's process then ends by itself.
Calls `process` and `parcel`; knows nothing of Ray, so that it can be tried without.
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
from chestnut.jobs.process import WORKER, JobProcess, News, Starting
from chestnut.jobs.ray.transfer import Parcel, packed_run


@dataclass(frozen=True)
class Report:
    """What became of a job.

    Attributes:
        status: As in `Result`.
        error: As in `Result`.
        seconds: As in `Result`.
        run: Archive of its run where the node does not share the disk; empty where it does, or where nothing was made.
        log: What a failed job wrote to standard error; for the same nodes.
    """

    status: Literal["finished", "stopped", "failed"]
    error: str
    seconds: float
    run: bytes = b""
    log: str = ""


class Place:
    """Does one job after another.

    Args:
        starting: How jobs' processes are started.
    """

    def __init__(self, starting: Starting = WORKER) -> None:
        self._starter = starting.opened()
        self._news: News = News()
        self._process: JobProcess | None = None
        self._asked: Job | None = None
        self._home: Path | None = None

    def begin(self, job: Job, variables: Mapping[str, str], mark: Path, parcel: Parcel | None = None) -> bool:
        """Start a job's process.

        Args:
            job: The job, with absolute paths.
            variables: Environment variables of the process.
            mark: A file that stands where the job's run is to stand; seen only where the disk is shared.
            parcel: The job's files; None to take them from the disk.

        Returns:
            Whether it was started: not where the disk is not shared and there is no parcel.
        """
        if parcel is None and not mark.is_file():
            return False
        self._asked, self._news = job, News()
        if parcel is not None:
            self._home = Path(tempfile.mkdtemp(prefix="chestnut-job-"))
            job = parcel.unpacked(job, self._home)
        self._process = JobProcess.start(job, self._starter, self._news, variables)
        return True

    def hear(self, seconds: float) -> tuple[list[dict[str, Any]], Report | None]:
        """What the job has told since the last call, and at its end what became of it.

        Args:
            seconds: How long to wait for something to tell.
        """
        told: list[dict[str, Any]] = []
        until = time.monotonic() + seconds
        while True:
            try:
                _, one = self._news.get(timeout=0.0 if told else max(0.0, until - time.monotonic()))
            except queue.Empty:
                return told, None
            if one is None:
                return told, self._report()
            if one["kind"] == "end" and self._process is not None:
                self._process.last = one["facts"]
            else:
                told.append(one)

    def stop(self) -> None:
        """Let the job save what it has and end; `hear` then tells of its end."""
        if self._process is not None:
            self._process.stop()

    def _report(self) -> Report:
        process, asked = self._process, self._asked
        if process is None or asked is None:
            raise ValueError("no job was begun")
        result = process.result()
        self._process = None
        if self._home is None:
            return Report(result.status, result.error, result.seconds)
        log = process.log_file.read_text("utf-8") if process.log_file.is_file() else ""
        error = result.error.replace(str(process.job.folder.parent), str(asked.folder.parent))
        report = Report(result.status, error, result.seconds, packed_run(process.job, asked), log)
        shutil.rmtree(self._home, ignore_errors=True)
        self._home = None
        return report
