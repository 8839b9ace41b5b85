"""What tests of other processes share: whether one lives, and waiting for something to happen."""

import os
import time
from pathlib import Path

#: A program that stands in for a training process, as a command or as a module to fork.
FAKE_WORKER = Path(__file__).parent / "fake_worker.py"


def is_alive(pid):
    """Whether a process exists that is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.is_file() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def read_pid(folder, name):
    """The process of a fake worker, once it can hear."""
    path = folder / f"{name}.pid"
    wait_until(lambda: path.is_file() and path.read_text(), 60)
    return int(path.read_text())
