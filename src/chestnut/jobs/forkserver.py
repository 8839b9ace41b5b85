"""A process that loads a job's libraries once and forks a process for each job: `python -m chestnut.jobs.forkserver`.

Loading Keras takes seconds, as long as a small trial trains; a fork takes none, and its memory goes with it when the
job ends. Started by `forks.ForkServer`, which sends a message a job over the socket that is standard input here: its
number, and with it the job's standard input, output and error. Answers are lines of JSON with `number` and `pid`, and
later `number` and `status`. When the socket closes, this process ends; its children are told by their own pipes.

Nothing is computed here: a process in which a backend has begun to work, with threads of its own, cannot be forked.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
import warnings

#: Standard input, output and error of a job.
_STREAMS = 3


def main() -> None:
    """Serve a module, which the argument names: its `load` is called once, its `main` in each fork."""
    channel = socket.socket(fileno=os.dup(0))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until a job can hear it
    module = sys.argv[1]
    with contextlib.suppress(Exception):  # what cannot be loaded is for the job to say
        importlib.import_module(module).load()
    gc.collect()
    gc.freeze()  # pages that no collection touches stay shared
    _Server(channel, module).serve()


class _Server:
    """Forks and buries children."""

    def __init__(self, channel: socket.socket, module: str) -> None:
        self._channel = channel
        self._module = module
        self._children: dict[int, str] = {}
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)

    def serve(self) -> None:
        """Go on until the socket closes."""
        while True:
            ready, _, _ = select.select([self._channel.fileno(), self._wake], [], [])
            if self._wake in ready:
                os.read(self._wake, 4096)
                self._bury()
            if self._channel.fileno() in ready:
                asked, streams, *_ = socket.recv_fds(self._channel, 64, _STREAMS)
                if not asked:
                    return
                self._fork(asked.decode(), streams)

    def _fork(self, number: str, streams: list[int]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forking with threads: the allocator's one is known to stand it
            pid = os.fork()
        if not pid:
            self._channel.close()
            _be_job(self._module, streams)
        for stream in streams:
            os.close(stream)
        self._children[pid] = number
        self._tell(number=int(number), pid=pid)

    def _bury(self) -> None:
        """Tell of children that have ended."""
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self._tell(number=int(self._children.pop(pid)), status=os.waitstatus_to_exitcode(status))

    def _tell(self, **facts: int) -> None:
        self._channel.send(json.dumps(facts).encode())


def _be_job(module: str, streams: list[int]) -> None:
    """What a fork does in place of serving; it never returns."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
            os.close(stream)
        work = importlib.import_module(module).main
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        work()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException:  # noqa: BLE001 - it must not serve
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            atexit._run_exitfuncs()
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
