"""`JobProcess`: the process that does one job, and what it tells.

Started by `LocalEngine` on this machine and by `Place` on a node of a cluster, so that a job does the same on both.
Calls `forks`, `jobs` and `worker`.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from chestnut.jobs.forks import Forked, Forks, can_fork
from chestnut.jobs.job import Job, Result
from chestnut.jobs.worker import job_variables


class Starter(Protocol):
    """Starts jobs' processes."""

    def __call__(self, variables: Mapping[str, str], log: IO[str]) -> subprocess.Popen[str] | Forked:
        """Begin a process with all these environment variables, which writes its standard error to a file."""

    def close(self) -> None:
        """Give back what starting needs; processes go on."""


@dataclass(frozen=True)
class Starting:
    """How jobs' processes are started.

    Attributes:
        module: What they run; forked where the system allows it, else by a Python of its own each.
        command: What they run instead, by a process of its own each.
    """

    module: str = "chestnut.jobs.worker"
    command: tuple[str, ...] | None = None

    def opened(self) -> Starter:
        """A starter, to be closed."""
        if self.command is None and can_fork():
            return Forks(self.module)
        return Launches(self.command or (sys.executable, "-P", "-m", self.module))


#: How jobs that train are started.
WORKER = Starting()


class Launches:
    """Starts jobs' processes, each by a command."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command

    def __call__(self, variables: Mapping[str, str], log: IO[str]) -> subprocess.Popen[str]:
        """Begin a process in a session of its own, so that Ctrl-C reaches the engine alone, which then stops it."""
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(variables),
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def close(self) -> None:
        """Nothing is held."""


#: Seconds that a stopped job has to save what it has.
GRACE = 60.0

#: A job's name with what it tells, a dictionary of `kind` and `facts`; None once it has ended.
News = queue.SimpleQueue[tuple[str, dict[str, Any] | None]]


@dataclass
class JobProcess:
    """A job's process.

    Attributes:
        job: The job.
        process: It.
        log: What it writes to standard error.
        started: When, on the monotonic clock.
        last: What it told at its end.
        listener: Reads what it tells.
    """

    job: Job
    process: subprocess.Popen[str] | Forked
    log: IO[str]
    started: float
    last: dict[str, Any] = field(default_factory=dict)
    listener: threading.Thread = field(default_factory=threading.Thread)

    @classmethod
    def start(cls, job: Job, starter: Starter, news: News, extra: Mapping[str, str] | None = None) -> JobProcess:
        """Begin a job.

        Args:
            job: The job.
            starter: Starts its process.
            news: Where what it tells is put.
            extra: Environment variables beside `job_variables`.
        """
        log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with the job
        process = starter({**job_variables(job.threads), **(extra or {})}, log)
        made = cls(job, process, log, time.monotonic())
        with contextlib.suppress(BrokenPipeError):
            _pipe(process.stdin).write(job.to_json() + "\n")
            _pipe(process.stdin).flush()
        made.listener = threading.Thread(target=made._listen, args=(news,), daemon=True)
        made.listener.start()
        return made

    def _listen(self, news: News) -> None:
        for line in _pipe(self.process.stdout):
            with contextlib.suppress(json.JSONDecodeError):  # a process killed in the middle of a line
                news.put((self.job.name, json.loads(line)))
        news.put((self.job.name, None))

    def stop(self) -> None:
        """Let the job save what it has and end."""
        self.process.send_signal(signal.SIGINT)

    def result(self) -> Result:
        """What became of the job, whose process has ended or is about to."""
        status = self.process.wait()
        self.listener.join()
        with contextlib.suppress(BrokenPipeError):
            _pipe(self.process.stdin).close()
        _pipe(self.process.stdout).close()
        seconds = time.monotonic() - self.started
        if self.last:
            result = Result(self.job, self.last["status"], self.last["error"], seconds)
        else:
            result = Result(self.job, "failed", self._death(status), seconds)
        self._keep_log(failed=result.status == "failed")
        return result

    def _death(self, status: int) -> str:
        if status == -signal.SIGKILL:
            return "killed by the system, most often for want of memory; try a smaller train.batch_size, or --jobs 1"
        how = f"by signal {-status}" if status < 0 else f"with exit status {status}"
        return f"its process ended {how}; see {self.log_file}"

    @property
    def log_file(self) -> Path:
        """Where the words of a failed job are kept."""
        return self.job.folder.with_name(f"{self.job.folder.name}.log")

    def _keep_log(self, failed: bool) -> None:
        self.log.seek(0)
        said = self.log.read()
        self.log.close()
        if failed and said.strip():
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            self.log_file.write_text(said, encoding="utf-8")
        else:
            self.log_file.unlink(missing_ok=True)


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise ValueError("a process without pipes")
    return stream
