"""`Forks`: jobs' processes forked from one that has loaded their libraries, where the system allows it.

Called by `process`; starts `forkserver`, and calls `machine`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO

from chestnut.jobs.machine import has_gpu


def can_fork() -> bool:
    """Whether jobs are forked: on Linux, without a GPU, whose driver a fork may not share."""
    return sys.platform == "linux" and not has_gpu()


class Forked:
    """A job's process; what of `subprocess.Popen` its starter needs.

    Attributes:
        stdin: What it reads.
        stdout: What it writes.
    """

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self._pid: int | None = None
        self._status: int | None = None
        self._signals: list[int] = []
        self._changed = threading.Condition()

    def send_signal(self, number: int) -> None:
        """Send a signal; one that is about to be forked gets it then, one that has ended does not."""
        with self._changed:
            if self._pid is None:
                self._signals.append(number)
            elif self._status is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, number)

    def kill(self) -> None:
        """End it at once; one that is about to be forked counts as ended."""
        self.send_signal(signal.SIGKILL)
        if self._pid is None:
            self.ended(-signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; gives the exit status, or minus the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: It goes on.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._status is not None, timeout):
                raise subprocess.TimeoutExpired("a forked job", timeout or 0.0)
            return self._status or 0

    def began(self, pid: int) -> None:
        """Its process has been made."""
        with self._changed:
            self._pid = pid
            waiting, self._signals = self._signals, []
        for number in waiting:
            self.send_signal(number)

    def ended(self, status: int) -> None:
        """Its process has ended."""
        with self._changed:
            if self._status is None:
                self._status = status
                self._changed.notify_all()


class ForkServer:
    """One server, for jobs with the same environment variables.

    Args:
        module: What the server loads and forks run.
        variables: Environment variables.
    """

    def __init__(self, module: str, variables: Mapping[str, str]) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "chestnut.jobs.forkserver", module],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(variables),
                start_new_session=True,
            )
        self._numbers = itertools.count()
        self._forked: dict[int, Forked] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def alive(self) -> bool:
        """Whether it can fork."""
        return self._listener.is_alive()

    def fork(self, log: IO[str]) -> Forked:
        """Begin a job's process, which writes its standard error to a file."""
        read, stdin = os.pipe()
        stdout, write = os.pipe()
        number = next(self._numbers)
        made = Forked(os.fdopen(stdin, "w", encoding="utf-8"), os.fdopen(stdout, encoding="utf-8"))
        self._forked[number] = made
        try:
            socket.send_fds(self._channel, [str(number).encode()], [read, write, log.fileno()])
        except OSError:  # it has died meanwhile
            made.ended(-signal.SIGKILL)
        finally:
            os.close(read)
            os.close(write)
        return made

    def _listen(self) -> None:
        """Pass on what the server tells. Were it killed, nobody would know how its children end: they are killed."""
        with contextlib.suppress(OSError):
            while told := self._channel.recv(4096):
                facts = json.loads(told)
                if "pid" in facts:
                    self._forked[facts["number"]].began(facts["pid"])
                else:
                    self._forked.pop(facts["number"]).ended(facts["status"])
        for one in list(self._forked.values()):
            one.kill()
            one.ended(-signal.SIGKILL)

    def close(self) -> None:
        """End the server."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._listener.join()
        self._channel.close()
        self._process.wait()


class Forks:
    """Starts jobs' processes, each forked from a server with its environment variables.

    Args:
        module: What the servers load and forks run.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._servers: dict[frozenset[tuple[str, str]], ForkServer] = {}

    def __call__(self, variables: Mapping[str, str], log: IO[str]) -> Forked:
        """Begin a process with all these environment variables, which writes its standard error to a file."""
        key = frozenset(variables.items())
        if (server := self._servers.get(key)) is None or not server.alive:
            if server is not None:
                server.close()
            server = self._servers[key] = ForkServer(self._module, variables)
        return server.fork(log)

    def close(self) -> None:
        """End all servers."""
        while self._servers:
            self._servers.popitem()[1].close()
