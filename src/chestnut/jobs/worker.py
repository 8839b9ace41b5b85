"""The program of a job's process: `python -m chestnut.jobs.worker`, or a fork that has loaded this module.

It reads a `Job` from standard input and writes events to standard output, a line of JSON each. Whatever libraries print
goes to standard error. When standard input closes, the engine has ended, and the process ends too, so that nothing
trains unseen.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import IO, Any

from chestnut.errors import ChestnutError
from chestnut.jobs.job import Job
from chestnut.jobs.lock import lock_job
from chestnut.jobs.run_job import load_libraries, run_job


def load() -> None:
    """Import the libraries of a job, before this process is forked."""
    load_libraries()


def main() -> None:
    """Run the job that standard input describes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background processes with it ignored
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # Ray starts processes with it blocked
    with _separate_events() as stream:

        def notify(kind: str, facts: dict[str, Any]) -> None:
            stream.write(json.dumps({"kind": kind, "facts": facts}) + "\n")
            stream.flush()

        job = Job.from_json(sys.stdin.readline())
        threading.Thread(target=_end_with_engine, daemon=True).start()
        try:
            with lock_job(job):
                notify("end", {"status": run_job(job, notify), "error": ""})
        except ChestnutError as error:
            notify("end", {"status": "failed", "error": " ".join(str(error).split())})
        except KeyboardInterrupt:
            notify("end", {"status": "stopped", "error": ""})
        except Exception as error:  # noqa: BLE001 - any failure of a job is a result
            traceback.print_exc()
            notify("end", {"status": "failed", "error": " ".join(f"{type(error).__name__}: {error}".split())[:300]})


@contextlib.contextmanager
def _separate_events() -> Iterator[IO[str]]:
    """Yield the standard output for events, and send to standard error whatever is printed from now on."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)
        yield stream


def _end_with_engine() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
