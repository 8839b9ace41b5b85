"""The lock of a job: one process works on it at a time, and other jobs of the folder are free."""

import subprocess
import sys

import pytest

from chestnut.errors import DiskError, RunError
from chestnut.jobs import lock
from chestnut.jobs.job import Job
from chestnut.jobs.lock import lock_job

HOLDER = """
import sys
from pathlib import Path
from chestnut.jobs.job import Job
from chestnut.jobs.lock import lock_job
with lock_job(Job.from_json(sys.stdin.readline())):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def job(tmp_path):
    def make(name):
        return Job(name, tmp_path / "runs" / name, "", tmp_path / "manifest.csv", tmp_path / "data.json", 1, "test")

    return make


@pytest.fixture
def holder(job):
    """Another process that works on job `a`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write(job("a").to_json() + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_one_process_works_on_a_job_and_another_on_the_next(holder, job, monkeypatch):
    monkeypatch.setattr(lock, "_PATIENCE", 0.2)
    with lock_job(job("b")):
        pass
    with pytest.raises(RunError, match="a is in use by another process"), lock_job(job("a")):
        pass


def test_a_job_whose_process_was_killed_is_free_at_once(holder, job):
    holder.kill()
    holder.wait()
    with lock_job(job("a")):
        pass


def test_a_system_without_byte_locks_locks_jobs_too(job, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(lock, "_PATIENCE", 0.2)
    busy = pytest.raises(RunError, match="a is in use by another process")
    with lock_job(job("a")), lock_job(job("b")), busy, lock_job(job("a")):
        pass


def test_a_folder_that_cannot_be_made_is_one_clear_error(job, tmp_path):
    (tmp_path / "runs").write_text("mine")
    with pytest.raises(DiskError, match=r"cannot write .*: a file stands where a folder"), lock_job(job("a")):
        pass


def test_a_link_in_the_place_of_the_lock_empties_no_file(job, tmp_path):
    pytest.importorskip("fcntl")
    (tmp_path / "runs").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "runs" / ".jobs.lock").symlink_to(tmp_path / "mine")
    with lock_job(job("a")):
        assert (tmp_path / "mine").read_text() == "mine"


def test_a_thousand_jobs_leave_one_file(job, tmp_path):
    pytest.importorskip("fcntl")
    for number in range(1000):
        with lock_job(job(f"trial-{number}")):
            pass
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".jobs.lock"]
