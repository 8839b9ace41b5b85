"""Locks keep other processes out."""

import errno
import os
import subprocess
import sys
import threading

import pytest

from chestnut.errors import DiskError, RunError
from chestnut.files.locks import locked

HOLD = """
import sys
from pathlib import Path
from chestnut.files.locks import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds a lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "deep" / ".lock")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.communicate()


def test_another_process_is_kept_out_until_the_first_dies(other, tmp_path):
    lock = tmp_path / "deep" / ".lock"
    with pytest.raises(RunError, match=r"^it is in use$"), locked(lock, wait=0, busy="it is in use"):
        pytest.fail("two processes hold one lock")
    with pytest.raises(RunError, match="deep is in use by another process; wait for it"), locked(lock, wait=0.1):
        pytest.fail("two processes hold one lock")
    other.kill()
    other.wait()
    with locked(lock, wait=0):
        assert lock.is_file()


def test_a_lock_is_waited_for(other, tmp_path):
    timer = threading.Timer(0.2, other.communicate, ["go\n"])
    timer.start()
    with locked(tmp_path / "deep" / ".lock"):
        timer.join(5)
        assert other.poll() == 0


def test_an_error_in_the_block_frees_the_lock(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / ".lock"):
        1 / 0  # noqa: B018
    with locked(tmp_path / ".lock", wait=0):
        pass


@pytest.mark.parametrize(
    ("code", "advice"), [(errno.ENOSPC, "free some space"), (errno.EACCES, "no permission to write there")]
)
def test_a_lock_file_that_cannot_be_created_is_one_clear_error(tmp_path, monkeypatch, code, advice):
    def refuse(*_, **__):
        raise OSError(code, "refused")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DiskError, match=advice), locked(tmp_path / "lock", wait=0):
        pytest.fail("the work was done without a lock")


def test_a_disk_without_locks_is_used_without(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    done = []
    with locked(tmp_path / "lock"):
        done.append(True)
    assert done
