"""Start processes by forking one that has loaded their libraries already.

Loading Keras takes seconds, as long as a small trial trains. A fork starts in hundredths of a second, and its memory is
freed when it ends. `ForkStarter` starts one server (`python -m chestnut.jobs.forks MODULE`) for each set of environment
variables. The server loads the module once and forks a process for each request. It computes nothing itself: once a
backend has started threads of its own, its process cannot be forked.

The forkserver of `multiprocessing` was tried in place of this one (Python 3.11, Linux). It starts jobs as fast: 3.6
against 4.3 seconds for the first and 0.02 against 0.01 for each further one. But it

- keeps the environment variables of its first start, so a second comparison in the same Python process would compute
  with the first one's number of threads, cache and backend;
- imports the user's main module in each job, so a script without an `if __name__ == "__main__"` guard fails;
- is ended by a Ctrl-C that comes while it loads, with a traceback on the terminal;
- leaves jobs running when the process that asked for them is killed.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from typing import IO

from chestnut.jobs.machine import has_gpu

#: The file descriptors that a request carries: standard input, output and error.
_STREAMS = 3


#: Variables that scikit-learn sets when it is imported, in a server too: they make no difference to its processes.
_SET_BY_IMPORTS = ("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK")


def can_fork() -> bool:
    """Return whether jobs can be forked: on Linux without a GPU, whose driver does not survive a fork."""
    return sys.platform == "linux" and not has_gpu()


class ForkedProcess:
    """A forked process, with the part of the interface of `subprocess.Popen` that jobs use.

    Attributes:
        stdin: The pipe to its standard input.
        stdout: The pipe from its standard output.
    """

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self._pid: int | None = None
        self._status: int | None = None
        self._pending: list[int] = []
        self._changed = threading.Condition()

    def send_signal(self, number: int) -> None:
        """Send a signal: at once, or as soon as the process exists. A process that has ended gets none."""
        with self._changed:
            if self._pid is None:
                self._pending.append(number)
            elif self._status is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, number)

    def kill(self) -> None:
        """End the process at once. One that does not exist yet counts as ended."""
        self.send_signal(signal.SIGKILL)
        if self._pid is None:
            self.set_status(-signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process ends, and return its exit status, or minus the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: The process still runs after `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._status is not None, timeout):
                raise subprocess.TimeoutExpired("a forked job", timeout or 0.0)
            return self._status or 0

    def set_pid(self, pid: int) -> None:
        """Record that the process exists, and send it the signals that waited for it."""
        with self._changed:
            self._pid = pid
            pending, self._pending = self._pending, []
        for number in pending:
            self.send_signal(number)

    def set_status(self, status: int) -> None:
        """Record how the process ended."""
        with self._changed:
            if self._status is None:
                self._status = status
                self._changed.notify_all()


class ForkStarter:
    """Starts processes by forking servers, one server for each set of environment variables.

    Args:
        module: The module that the servers load by its function `load`, and whose function `main` each fork calls.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._servers: dict[frozenset[tuple[str, str]], _Server] = {}

    def prepare(self, variables: Mapping[str, str]) -> None:
        """Begin to load the module for processes with exactly these environment variables, and return at once."""
        self._server(variables)

    def start(self, variables: Mapping[str, str], log: IO[str]) -> ForkedProcess:
        """Start a process with exactly these environment variables, which writes its standard error to a file."""
        return self._server(variables).fork(log)

    def _server(self, variables: Mapping[str, str]) -> _Server:
        """Return the server of these variables, after starting it if there is none or it has died."""
        key = frozenset((name, value) for name, value in variables.items() if name not in _SET_BY_IMPORTS)
        if (server := self._servers.get(key)) is None or not server.alive:
            if server is not None:
                server.close()
            server = self._servers[key] = _Server(self._module, variables)
        return server

    def close(self) -> None:
        """End all servers."""
        while self._servers:
            self._servers.popitem()[1].close()


class _Server:
    """The client's side of one server."""

    def __init__(self, module: str, variables: Mapping[str, str]) -> None:
        self._channel, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with server_end:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "chestnut.jobs.forks", module],
                stdin=server_end.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(variables),
                start_new_session=True,
            )
        self._numbers = itertools.count()
        self._used = False
        self._processes: dict[int, ForkedProcess] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def alive(self) -> bool:
        """Whether the server can fork."""
        return self._listener.is_alive()

    def fork(self, log: IO[str]) -> ForkedProcess:
        """Ask for a process that writes its standard error to a file."""
        read, stdin = os.pipe()
        stdout, write = os.pipe()
        number, self._used = next(self._numbers), True
        process = ForkedProcess(
            os.fdopen(stdin, "w", encoding="utf-8"), os.fdopen(stdout, encoding="utf-8", errors="replace")
        )
        self._processes[number] = process
        try:
            socket.send_fds(self._channel, [str(number).encode()], [read, write, log.fileno()])
        except OSError:  # the server has died since `alive` was read
            process.set_status(-signal.SIGKILL)
        finally:
            os.close(read)
            os.close(write)
        return process

    def _listen(self) -> None:
        """Record what the server reports. If it dies, kill its processes: nobody would learn how they end."""
        with contextlib.suppress(OSError):
            while message := self._channel.recv(4096):
                facts = json.loads(message)
                if "pid" in facts:
                    self._processes[facts["number"]].set_pid(facts["pid"])
                else:
                    self._processes.pop(facts["number"]).set_status(facts["status"])
        for process in list(self._processes.values()):
            process.kill()
            process.set_status(-signal.SIGKILL)

    def close(self) -> None:
        """End the server; one that nobody has used is killed, as it may load for seconds before it sees the end."""
        if not self._used:
            self._process.kill()
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._listener.join()
        self._channel.close()
        self._process.wait()


def main() -> None:
    """Fork processes of the module that the first argument names, until the socket on standard input closes."""
    channel = socket.socket(fileno=os.dup(0))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # kept for each fork until it can handle the signal
    module = sys.argv[1]
    with contextlib.suppress(Exception):  # a fork that cannot import the module says why in its job's log
        importlib.import_module(module).load()
    gc.collect()
    gc.freeze()  # memory pages that the garbage collector does not touch stay shared
    _Forker(channel, module).serve()


class _Forker:
    """Forks on request, and reports each fork's process number and exit status.

    A request is a number and three streams. The answers are JSON objects with `number` and `pid`, and later with
    `number` and `status`.
    """

    def __init__(self, channel: socket.socket, module: str) -> None:
        self._channel = channel
        self._module = module
        self._children: dict[int, str] = {}
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)

    def serve(self) -> None:
        """Answer requests until the socket closes. The forks then end by themselves, as their input closes too."""
        while True:
            ready, _, _ = select.select([self._channel.fileno(), self._wake], [], [])
            if self._wake in ready:
                os.read(self._wake, 4096)
                self._report_ended()
            if self._channel.fileno() in ready:
                request, streams, *_ = socket.recv_fds(self._channel, 64, _STREAMS)
                if not request:
                    return
                self._fork(request.decode(), streams)

    def _fork(self, number: str, streams: list[int]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of threads; the only ones are of memory allocators
            try:
                pid = os.fork()
            except OSError:  # no memory, or too many processes: as if the system had killed it, and only it
                pid = -1
        if not pid:
            self._channel.close()
            _run_fork(self._module, streams)
        for stream in streams:
            os.close(stream)
        if pid < 0:
            self._report(number=int(number), status=-signal.SIGKILL)
            return
        self._children[pid] = number
        self._report(number=int(number), pid=pid)

    def _report_ended(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self._report(number=int(self._children.pop(pid)), status=os.waitstatus_to_exitcode(status))

    def _report(self, **facts: int) -> None:
        self._channel.send(json.dumps(facts).encode())


def _run_fork(module: str, streams: list[int]) -> None:
    """Call the module's `main` with these streams, then end the process: a fork must never return to the server."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
            os.close(stream)
        call = importlib.import_module(module).main
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        call()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException:  # noqa: BLE001 - whatever was raised, the fork must end here
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
