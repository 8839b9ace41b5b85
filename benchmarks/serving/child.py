"""`ServiceChild`: `chestnut serve` in a process of its own, as a hospital would run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from benchmarks.serving.wire import Wire

_PROGRAM = "from chestnut.cli import main; main()"

_TICKS, _PAGE, _MB = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE"), 1_000_000


class ServiceChild:
    """A service on a free port of this computer. Leaving the block stops it.

    Args:
        run: A run with a network for ONNX Runtime.
        database: The audit table, as `--database`.
        options: Further options.
    """

    def __init__(self, run: Path, database: str, options: Sequence[str] = ()) -> None:
        self._words = ["serve", str(run), "--port", "0", "--database", database, *options]
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when the block ends
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.ready_seconds = 0.0

    def __enter__(self) -> Self:
        """Start the service, and wait until it is ready."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the service."""
        self.stop()
        self._log.close()

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written to standard error."""
        self._log.seek(0)
        return self._log.read()

    def start(self) -> None:
        """Start the service, and wait until `/readyz` answers 200; on the port that it had before."""
        began = time.perf_counter()
        words = [str(self.port) if word == "0" and self.port else word for word in self._words]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *words, "--json", "-"],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._process.stdout is not None
        said = ""
        while not said.rstrip().endswith("}"):
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError(f"the service has not started: {self.log}")
            said += line
        self.port = urlsplit(json.loads(said)["address"]).port or 0
        with Wire(self.port) as wire:
            while wire.get("/readyz").status != 200:
                time.sleep(0.005)
        self.ready_seconds = time.perf_counter() - began

    def stop(self) -> int:
        """End the service as an administrator does; return its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the service as a power cut does."""
        self._end(signal.SIGKILL)

    def memory(self) -> float:
        """Return the resident memory now, in megabytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE / _MB

    def processor_seconds(self) -> float:
        """Return the time that processors have spent on it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _end(self, kind: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(kind)
        status = self._process.wait(60)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        return status
