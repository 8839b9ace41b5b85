"""An engine on a machine that is starved: no room, no more processes, and files in the place of others."""

import errno
import json
import os
import socket
import sys
from pathlib import Path

import pytest

from chestnut.errors import DiskError, EngineError
from chestnut.jobs import forks
from chestnut.jobs.job import Job
from chestnut.jobs.local_engine import LocalEngine
from chestnut.jobs.lock import lock_job
from chestnut.jobs.process import StartMethod, write_log
from processes import FAKE_WORKER, is_alive, read_pid, wait_until

LAUNCHED = StartMethod(command=(sys.executable, str(FAKE_WORKER)))


@pytest.fixture
def job(tmp_path):
    def make(name, act="fine"):
        return Job(name, tmp_path / name, act, tmp_path / "manifest.csv", tmp_path / "data.json", 1, "test")

    return make


def ignore(event):
    return None


def test_a_log_that_cannot_be_written_ends_no_study(tmp_path, job, caplog):
    (tmp_path / "bad.log").mkdir()
    (tmp_path / "good.log").mkdir()
    results = {one.job.name: one for one in LocalEngine(2, LAUNCHED).run([job("bad", "exit 3"), job("good")], ignore)}
    assert results["good"].status == "finished" and "exit status 3" in results["bad"].error
    told = sorted(record.getMessage() for record in caplog.records)
    said = "the log of a job cannot be kept: cannot write"
    assert [line.rpartition(": ")[0] for line in told] == [f"{said} {tmp_path / name}.log" for name in ("bad", "good")]


def test_a_full_disk_ends_no_study_for_a_log(tmp_path, caplog, monkeypatch):
    def refuse(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    write_log(tmp_path / "a.log", "the last words")
    (told,) = caplog.messages
    assert told.startswith(f"the log of a job cannot be kept: cannot write {tmp_path / 'a.log'}: the disk is full")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EAGAIN, errno.ENOSPC, errno.ENOMEM])
def test_a_process_that_the_system_does_not_start_ends_the_jobs_in_one_line(tmp_path, job, monkeypatch, code):
    starter = LAUNCHED.create_starter()

    class Starved:
        started = False

        def start(self, variables, log):
            if self.started:
                raise OSError(code, os.strerror(code))
            self.started = True
            return starter.start(variables, log)

        def close(self):
            pass

    monkeypatch.setattr(StartMethod, "create_starter", lambda self: Starved())
    with pytest.raises(EngineError, match=f"the process of b cannot be started .{os.strerror(code).lower()}.; give "):
        list(LocalEngine(2, LAUNCHED, grace=0.1).run([job("a", "wait 100"), job("b")], ignore))
    started = tmp_path / "a.pid"
    if started.exists():
        wait_until(lambda: not is_alive(read_pid(tmp_path, "a")))


def test_a_fork_that_the_system_refuses_costs_its_job_and_no_other(monkeypatch):
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    forker = forks._Forker.__new__(forks._Forker)
    forker._channel, forker._module, forker._children = there, "no_module", {7: "1"}

    def refuse():
        raise BlockingIOError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(forks.os, "fork", refuse)
    streams = [*os.pipe(), os.dup(1)]
    with here, there:
        forker._fork("2", streams)
        assert json.loads(here.recv(4096)) == {"number": 2, "status": -9}
    assert forker._children == {7: "1"}
    for stream in streams:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(stream)


def test_output_that_is_no_text_is_passed_over(job):
    program = "import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.exit(4)"
    (result,) = LocalEngine(1, StartMethod(command=(sys.executable, "-c", program))).run([job("a")], ignore)
    assert result.status == "failed" and "exit status 4" in result.error


def test_a_folder_in_place_of_the_lock_is_told(tmp_path, job):
    (tmp_path / ".jobs.lock").mkdir()
    with pytest.raises(DiskError, match=r"cannot write .*\.jobs\.lock: it is a folder"), lock_job(job("a")):
        pass
