"""`LocalEngine`: jobs on this machine, each in a process of its own.

Memory cannot grow from job to job, and a job that crashes or is killed for want of memory takes no other with it.
Calls `jobs` and the command line of `worker`.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from chestnut.search.jobs import Event, Job, Listener, Result
from chestnut.search.worker import surroundings

#: Threads of a job: more make one run little faster, and as many runs fit side by side.
_MOST_THREADS = 4
#: Memory that a job is reckoned to take, bytes: a backbone at 224 pixels with batches of 32.
_MEMORY = 4 * 2**30
#: Seconds that a stopped job has to save what it has.
_GRACE = 60.0

_News = queue.SimpleQueue[tuple[str, dict[str, Any] | None]]


def threads_a_job() -> int:
    """Threads of one operation of a job on this machine: its cores, at most 4."""
    return min(_cores(), _MOST_THREADS)


def jobs_at_once(threads: int) -> int:
    """How many jobs run side by side unless the user says otherwise: as cores and free memory allow, one on a GPU."""
    if Path("/dev/nvidiactl").exists():
        return 1
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # macOS does not tell
        free = _cores() * _MEMORY
    return max(1, min(_cores() // threads, free // _MEMORY))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class LocalEngine:
    """Runs jobs in processes of this machine.

    Attributes:
        parallel: How many at once; it changes speed, and no result.
        command: What a job's process runs.
        grace: Seconds that a stopped job has to save what it has.
    """

    parallel: int = 1
    command: tuple[str, ...] = (sys.executable, "-P", "-m", "chestnut.search.worker")
    grace: float = _GRACE

    def run(self, jobs: Iterable[Job], on_event: Listener) -> Generator[Result]:
        """Run jobs and give their results as they come; see `jobs.Engine`."""
        waiting, news = iter(jobs), _News()
        running: dict[str, _Process] = {}
        try:
            while True:
                while len(running) < self.parallel and (job := next(waiting, None)) is not None:
                    running[job.name] = _Process.start(job, self.command, news)
                    on_event(Event(job.name, "begin", {}))
                if not running:
                    return
                name, told = news.get()
                if told is not None and told["kind"] != "end":
                    if on_event(Event(name, told["kind"], told["facts"])) == "stop":
                        running[name].process.send_signal(signal.SIGINT)
                elif told is not None:
                    running[name].last = told["facts"]
                else:
                    result = running.pop(name).result()
                    on_event(Event(name, "end", {"status": result.status, "error": result.error}))
                    yield result
        finally:
            _stop(list(running.values()), self.grace)


@dataclass
class _Process:
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
    process: subprocess.Popen[str]
    log: IO[str]
    started: float
    last: dict[str, Any] = field(default_factory=dict)
    listener: threading.Thread = field(default_factory=threading.Thread)

    @classmethod
    def start(cls, job: Job, command: tuple[str, ...], news: _News) -> _Process:
        # In a session of its own, so that Ctrl-C reaches the engine alone, which then stops its jobs one by one.
        log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with the job
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=surroundings(job),
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        made = cls(job, process, log, time.monotonic())
        with contextlib.suppress(BrokenPipeError):
            _pipe(process.stdin).write(job.to_json() + "\n")
            _pipe(process.stdin).flush()
        made.listener = threading.Thread(target=made._listen, args=(news,), daemon=True)
        made.listener.start()
        return made

    def _listen(self, news: _News) -> None:
        for line in _pipe(self.process.stdout):
            with contextlib.suppress(json.JSONDecodeError):  # a process killed in the middle of a line
                news.put((self.job.name, json.loads(line)))
        news.put((self.job.name, None))

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


def _stop(processes: list[_Process], grace: float) -> None:
    """End what still runs: each may save what it has, then is killed."""
    until = time.monotonic() + grace
    try:
        for one in processes:
            one.process.send_signal(signal.SIGINT)
        for one in processes:
            one.process.wait(max(0.0, until - time.monotonic()))
    except (subprocess.TimeoutExpired, KeyboardInterrupt, ValueError):  # too slow, Ctrl-C once more, or Windows
        pass
    finally:
        for one in processes:
            one.process.kill()
            one.result()


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise ValueError("a process without pipes")
    return stream
