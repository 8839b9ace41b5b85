"""Run one job in a process of its own, and read its events.

`LocalEngine` starts such a process on this machine and a Ray actor on a node of a cluster, so a job gives the same
result on both.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Protocol

from chestnut.errors import DiskError, EngineError
from chestnut.files.atomic import write_text
from chestnut.files.disk_errors import disk_errors
from chestnut.jobs.forks import ForkedProcess, ForkStarter, can_fork
from chestnut.jobs.job import Job, Result

_log = logging.getLogger(__name__)

#: Seconds that a stopped job has to save its state.
GRACE = 60.0

#: Receives the name of a job with each message of its process (`kind` and `facts`), and with None once that has ended.
Messages = queue.SimpleQueue[tuple[str, dict[str, Any] | None]]


#: The variables from which backends and numerical libraries read their number of threads.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC")


def job_variables(threads: int) -> dict[str, str]:
    """Return the environment variables of a process that computes with so many threads and silences TensorFlow.

    They take effect only if they are set before the process loads its libraries.
    """
    return {**os.environ, **dict.fromkeys(_THREADS, str(threads)), "TF_CPP_MIN_LOG_LEVEL": "3"}


class Starter(Protocol):
    """Starts the processes of jobs."""

    def prepare(self, variables: Mapping[str, str]) -> None:
        """Begin what makes the start of such processes faster, and return at once."""

    def start(self, variables: Mapping[str, str], log: IO[str]) -> subprocess.Popen[str] | ForkedProcess:
        """Start a process with exactly these environment variables, which writes its standard error to a file."""

    def close(self) -> None:
        """Free what starting needed; the processes keep running."""


@dataclass(frozen=True)
class StartMethod:
    """How the processes of jobs are started.

    Attributes:
        module: The module that they run: in a fork where the system allows it, else in a new Python.
        command: A command that each process runs in place of the module.
        starter: A starter that is to be used; None for a new one.
    """

    module: str = "chestnut.jobs.worker"
    command: tuple[str, ...] | None = None
    starter: Starter | None = field(default=None, repr=False, compare=False)

    @contextlib.contextmanager
    def prepared(self, threads: int) -> Iterator[StartMethod]:
        """Load what jobs of so many threads need while the block prepares them, and yield the method that uses it."""
        starter = self.create_starter()
        try:
            with contextlib.suppress(OSError):  # the first job says that no process can be started
                starter.prepare(job_variables(threads))
            yield replace(self, starter=starter)
        finally:
            starter.close()

    def create_starter(self) -> Starter:
        """Return a starter, which must be closed."""
        if self.starter is not None:
            return self.starter
        if self.command is None and can_fork():
            return ForkStarter(self.module)
        return _CommandStarter(self.command or (sys.executable, "-P", "-m", self.module))


#: How jobs that train are started.
WORKER = StartMethod()


class _CommandStarter:
    """Starts each process by a command."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command

    def prepare(self, variables: Mapping[str, str]) -> None:
        """Do nothing: each process loads its libraries itself."""

    def start(self, variables: Mapping[str, str], log: IO[str]) -> subprocess.Popen[str]:
        """Start a process in a session of its own, so that Ctrl-C reaches only the engine, which then stops it."""
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(variables),
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )

    def close(self) -> None:
        """Do nothing: there is nothing to free."""


@dataclass
class JobProcess:
    """The process of one job.

    Attributes:
        job: The job.
        process: The process.
        log: The file that receives its standard error.
        started: The time of its start, on the monotonic clock.
        ending: The facts of its `end` event; empty if it has not sent one.
        listener: The thread that reads its events.
    """

    job: Job
    process: subprocess.Popen[str] | ForkedProcess
    log: IO[str]
    started: float
    ending: dict[str, Any] = field(default_factory=dict)
    listener: threading.Thread = field(default_factory=threading.Thread)

    @classmethod
    def start(
        cls, job: Job, starter: Starter, messages: Messages, extra: Mapping[str, str] | None = None
    ) -> JobProcess:
        """Start a job.

        Args:
            job: The job.
            starter: Starts the process.
            messages: The queue that receives what the process says.
            extra: Environment variables beside `job_variables`.

        Raises:
            EngineError: The system cannot start a process.
        """
        with contextlib.ExitStack() as stack:
            try:
                log = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
                process = starter.start({**job_variables(job.threads), **(extra or {})}, log)
            except OSError as error:  # no room for a temporary file, or too many files or processes
                raise EngineError(
                    f"the process of {job.name} cannot be started ({(error.strerror or str(error)).lower()}); give "
                    "fewer jobs side by side, or more room for temporary files"
                ) from error
            stack.pop_all()  # the log is closed when the job has ended
        started = cls(job, process, log, time.monotonic())
        with contextlib.suppress(BrokenPipeError):
            _pipe(process.stdin).write(job.to_json() + "\n")
            _pipe(process.stdin).flush()
        started.listener = threading.Thread(target=started._listen, args=(messages,), daemon=True)
        started.listener.start()
        return started

    def _listen(self, messages: Messages) -> None:
        for line in _pipe(self.process.stdout):
            with contextlib.suppress(json.JSONDecodeError):  # the process was killed in the middle of a line
                messages.put((self.job.name, json.loads(line)))
        messages.put((self.job.name, None))

    def stop(self) -> None:
        """Ask the job to save its state and end."""
        self.process.send_signal(signal.SIGINT)

    def finish(self) -> Result:
        """Wait until the process ends, keep its log if it failed, and return the result of the job."""
        status = self.process.wait()
        self.listener.join()
        with contextlib.suppress(BrokenPipeError):
            _pipe(self.process.stdin).close()
        _pipe(self.process.stdout).close()
        seconds = time.monotonic() - self.started
        if self.ending:
            result = Result(self.job, self.ending["status"], self.ending["error"], seconds)
        else:
            result = Result(self.job, "failed", self._explain_death(status), seconds)
        self._save_log(failed=result.status == "failed")
        return result

    def _explain_death(self, status: int) -> str:
        if status == -signal.SIGKILL:
            return (
                "its process was killed by the system, most often for lack of memory; try a smaller train.batch_size, "
                "or fewer jobs side by side"
            )
        how = f"by signal {-status}" if status < 0 else f"with exit status {status}"
        return f"its process ended {how}; see {self.log_file}"

    @property
    def log_file(self) -> Path:
        """The file that keeps the standard error of a failed job."""
        return log_file_of(self.job)

    def _save_log(self, failed: bool) -> None:
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        write_log(self.log_file, text if failed else "")


def log_file_of(job: Job) -> Path:
    """Return the file that keeps the standard error of a job that failed."""
    return job.folder.with_name(f"{job.folder.name}.log")


def write_log(path: Path, text: str) -> None:
    """Write a job's log, or remove an older one if there is nothing to keep.

    A log that cannot be written is no reason to end the other jobs: a warning says so.
    """
    try:
        if text.strip():
            write_text(path, text)
        else:
            with disk_errors(path):
                path.unlink(missing_ok=True)
    except DiskError as error:
        _log.warning("the log of a job cannot be kept: %s", error)


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise ValueError("a process without pipes")
    return stream
