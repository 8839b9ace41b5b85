"""The local engine: processes that fail, die, wait and are stopped, without any of them training."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chestnut.jobs.forks import can_fork
from chestnut.jobs.job import Job
from chestnut.jobs.local_engine import LocalEngine
from chestnut.jobs.machine import count_parallel_jobs, threads_per_job
from chestnut.jobs.process import StartMethod
from processes import FAKE_WORKER, is_alive, wait_until

LAUNCHED = StartMethod(command=(sys.executable, str(FAKE_WORKER)))
FORKED = StartMethod(module=FAKE_WORKER.stem)


@pytest.fixture(params=["launched", "forked"])
def starting(request, monkeypatch):
    """How jobs are started: each by a command, or forked from a server that has loaded the same module."""
    if request.param == "launched":
        return LAUNCHED
    if not can_fork():
        pytest.skip("jobs are not forked here: no Linux, or a GPU")
    monkeypatch.setenv("PYTHONPATH", str(FAKE_WORKER.parent))
    return FORKED


@pytest.fixture
def job(tmp_path):
    def make(name, act):
        return Job(name, tmp_path / name, act, tmp_path / "manifest.csv", tmp_path / "data.json", 3, "test")

    return make


def test_a_job_survives_its_text(job, tmp_path):
    one = job("a", 'name = "x"\n')
    assert Job.from_json(one.to_json()) == one
    tuned = Job(**{**one.__dict__, "start": tmp_path / "run"})
    assert Job.from_json(tuned.to_json()) == tuned


def test_a_job_that_will_not_stop_is_killed(job, tmp_path):
    deaf = (sys.executable, "-c", "import signal, time; signal.signal(2, signal.SIG_IGN); time.sleep(100)")
    began = time.monotonic()
    results = LocalEngine(1, StartMethod(command=deaf), grace=0.2).run([job("deaf", "")], _interrupt)
    with pytest.raises(KeyboardInterrupt):
        next(results)
    assert time.monotonic() - began < 60


def _interrupt(event):
    time.sleep(0.3)  # the process has set its handler by then; were it slower, it would die of the signal
    raise KeyboardInterrupt


def test_no_job_outlives_an_engine_that_was_killed(starting, tmp_path):
    program = f"""
from pathlib import Path
from chestnut.jobs.job import Job
from chestnut.jobs.local_engine import LocalEngine
from chestnut.jobs.process import StartMethod
folder = Path({str(tmp_path)!r})
job = Job("long", folder / "long", "wait 100", folder, folder, 1, "test")
list(LocalEngine(1, {starting!r}).run([job], lambda event: None))
"""
    engine = subprocess.Popen([sys.executable, "-c", program])
    pid = tmp_path / "long.pid"
    wait_until(lambda: pid.is_file() and pid.read_text())
    engine.kill()
    engine.wait()
    wait_until(lambda: not is_alive(int(pid.read_text())))


@pytest.mark.skipif(not can_fork(), reason="jobs are not forked here: no Linux, or a GPU")
def test_a_server_that_was_killed_costs_its_jobs_and_no_others(job, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(FAKE_WORKER.parent))

    def jobs():
        yield job("long", "wait 100")
        yield job("next", "fine")

    def kill_server(event):
        if (event.job, event.kind) == ("long", "start"):
            pid = int((tmp_path / "long.pid").read_text())
            os.kill(parent(pid), signal.SIGKILL)
            ends.append(pid)

    ends = []
    results = {one.job.name: one for one in LocalEngine(1, FORKED).run(jobs(), kill_server)}
    assert results["long"].status == "failed" and "killed by the system" in results["long"].error
    assert results["next"].status == "finished"
    wait_until(lambda: not is_alive(ends[0]))


@pytest.mark.skipif(not can_fork(), reason="jobs are not forked here: no Linux, or a GPU")
def test_a_job_that_cannot_begin_says_why(job, tmp_path):
    (result,) = LocalEngine(1, StartMethod(module="no_such_module")).run([job("a", "fine")], lambda event: None)
    assert (
        result.status == "failed" and result.error == f"its process ended with exit status 1; see {tmp_path / 'a.log'}"
    )
    assert "No module named 'no_such_module'" in (tmp_path / "a.log").read_text()


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_as_many_jobs_as_cores_and_memory_allow():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = threads_per_job()
    assert 1 <= threads <= min(4, cores)
    assert 1 <= count_parallel_jobs(threads) <= max(1, cores // threads)
    assert count_parallel_jobs(10**6) == 1
