"""`DriverProcess`: the process that runs `driver`, seen from the one that asks it."""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import queue
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO, Any

from chestnut.jobs.ray.answers import ClusterLostError

#: Variables that the driver and what it starts read: no usage statistics, and no cluster of its own where one is lost.
_VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",
}

#: Seconds after which the driver gives up a head that has gone, so that the cluster is joined anew; the user may have
#: set others.
_DEADLINES = {
    "RAY_gcs_rpc_server_reconnect_timeout_s": "15",
    "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "15",
}

#: The longest path of a folder in which Ray can create its sockets, whose paths have at most 107 characters.
_LONGEST = 40

#: The program of the driver's process.
_PROGRAM = "from chestnut.jobs.ray.driver import main; main()"


class DriverProcess:
    """A process that runs `driver.main`.

    Args:
        own: Whether it is to start a cluster of this machine, which only it can use.
    """

    def __init__(self, own: bool) -> None:
        self._home = tempfile.mkdtemp(prefix="chestnut-ray-") if own else None
        self._process = subprocess.Popen(
            (sys.executable, "-P", "-c", _PROGRAM),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**_DEADLINES, **os.environ, **_VARIABLES, **(_own_variables() if own else {})},
            start_new_session=True,  # Ctrl-C reaches only this process, which then stops the jobs
        )
        self._answers: queue.SimpleQueue[tuple[int, bool, Any] | None] = queue.SimpleQueue()
        self._numbers = itertools.count()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def place(self) -> dict[str, str]:
        """Where Ray keeps its files, if the folder's path is short enough for it."""
        return {"_temp_dir": self._home} if self._home and len(self._home) <= _LONGEST else {}

    def ask(self, name: str, *arguments: Any) -> int:
        """Send a question, and return its number.

        Raises:
            ClusterLostError: The process has ended.
        """
        number = next(self._numbers)
        try:
            _pipe(self._process.stdin).write(pickle.dumps((number, name, arguments)))
            _pipe(self._process.stdin).flush()
        except OSError as error:
            raise ClusterLostError("the head of the Ray cluster has gone away") from error
        return number

    def answer(self, number: int, seconds: float) -> Any:
        """Return the answer to a question. One that came to an earlier question is dropped: Ctrl-C broke its waiting.

        Raises:
            queue.Empty: It did not come in so many seconds.
            ClusterLostError: The process has ended.
        """
        until = time.monotonic() + seconds
        while True:
            answer = self._answers.get(timeout=max(0.0, until - time.monotonic()))
            if answer is None:
                self._answers.put(None)
                raise ClusterLostError("the head of the Ray cluster has gone away")
            answered, good, value = answer
            if answered == number and not good:
                raise value
            if answered == number:
                return value

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):  # it has ended
            while True:
                self._answers.put(pickle.load(_pipe(self._process.stdout)))  # noqa: S301 - from a child
        self._answers.put(None)

    def end(self, seconds: float) -> None:
        """Let the process leave the cluster and end; kill it if that takes longer than so many seconds."""
        with contextlib.suppress(OSError):
            _pipe(self._process.stdin).close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._process.kill()
            self._process.wait()
            self._listener.join()
            _pipe(self._process.stdout).close()
            if self._home is not None:
                shutil.rmtree(self._home, ignore_errors=True)


def _own_variables() -> dict[str, str]:
    """Return the variables of a cluster that only this process can use: its token is random and written nowhere."""
    variables = {"RAY_worker_niceness": "0"}  # by default jobs would yield to every other program
    if not any(name in os.environ for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        variables |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    return variables


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("a process without pipes")
    return stream
