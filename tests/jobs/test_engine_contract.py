"""What every engine promises: the same cases on the inline, the local and the Ray engine, without any training."""

import contextlib
import sys
import time
from importlib.util import find_spec

import pytest

from chestnut.errors import ChestnutError
from chestnut.jobs.forks import can_fork
from chestnut.jobs.job import Job
from chestnut.jobs.local_engine import LocalEngine
from chestnut.jobs.process import StartMethod
from inline import Inline
from processes import FAKE_WORKER, is_alive, read_pid, wait_until

COMMAND = StartMethod(command=(sys.executable, str(FAKE_WORKER)))
THREADS = 3
ENGINES = [
    "inline",
    "launched",
    pytest.param("forked", marks=pytest.mark.skipif(not can_fork(), reason="no forks here: no Linux, or a GPU")),
    pytest.param(
        "ray",
        marks=[
            pytest.mark.slow,
            pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install 'chestnut[ray]'"),
        ],
    ),
]

#: For what only an engine with processes can show.
with_processes = pytest.mark.parametrize("engine", ENGINES[1:], indirect=True)


def pretend(job, notify):
    """Do what `fake_worker` does, in this process."""
    act, _, argument = job.recipe.partition(" ")
    notify("start", {"epochs": 1, "batches": 1, "done": 0})
    if act == "fail":
        raise ChestnutError(argument)
    if act == "wait":
        time.sleep(float(argument))
    return "finished"


@pytest.fixture(scope="module")
def cluster():
    """A Ray cluster of this machine with room for two jobs, started for the first test that asks for it."""
    from chestnut.jobs.ray.cluster import join_cluster
    from chestnut.jobs.ray.patience import Patience

    patience = Patience(60.0)
    with join_cluster(None, 2 * THREADS, patience) as cluster:
        yield cluster, patience


@pytest.fixture(params=ENGINES)
def engine(request, monkeypatch):
    """Make an engine that runs so many jobs side by side; the inline engine runs one, whatever is asked for."""
    monkeypatch.setenv("PYTHONPATH", str(FAKE_WORKER.parent))
    if request.param == "inline":
        return lambda parallel: Inline(work=pretend)
    if request.param == "ray":
        from chestnut.jobs.ray.engine import RayEngine

        cluster = request.getfixturevalue("cluster")
        return lambda parallel: RayEngine(*cluster, parallel, start_method=COMMAND)
    method = COMMAND if request.param == "launched" else StartMethod(module=FAKE_WORKER.stem)
    return lambda parallel: LocalEngine(parallel, method)


@pytest.fixture
def job(tmp_path):
    for name in ("manifest.csv", "data.json"):
        (tmp_path / name).touch()

    def make(name, act="fine"):
        return Job(name, tmp_path / name, act, tmp_path / "manifest.csv", tmp_path / "data.json", THREADS, "test")

    return make


def ignore(event):
    return None


def test_every_job_gives_one_result_and_one_at_a_time_they_keep_the_order(engine, job):
    jobs = [job(name) for name in "bca"]
    results = list(engine(1).run(jobs, ignore))
    assert [result.job for result in results] == jobs
    assert {(result.status, result.error) for result in results} == {("finished", "")}
    results = list(engine(2).run(jobs, ignore))
    assert sorted(result.job.name for result in results) == ["a", "b", "c"]
    assert list(engine(1).run([], ignore)) == []


def test_a_jobs_events_begin_start_and_end_and_its_end_says_what_the_result_says(engine, job):
    events = []
    jobs = [job("good"), job("bad", "fail loss became nan"), job("last")]
    results = {result.job.name: result for result in engine(2).run(jobs, events.append)}
    for name, result in results.items():
        kinds = [event.kind for event in events if event.job == name]
        assert kinds == ["begin", "start", "end"]
        (end,) = (event.facts for event in events if (event.job, event.kind) == (name, "end"))
        assert end == {"status": result.status, "error": result.error}
    (start,) = (event.facts for event in events if (event.job, event.kind) == ("good", "start"))
    assert start == {"epochs": 1, "batches": 1, "done": 0}


def test_a_job_that_fails_says_why_and_the_others_go_on(engine, job):
    results = {one.job.name: one for one in engine(2).run([job("bad", "fail loss became nan"), job("good")], ignore)}
    assert (results["bad"].status, results["bad"].error) == ("failed", "loss became nan")
    assert results["good"].status == "finished"


@with_processes
def test_a_process_that_dies_fails_its_job_and_no_other(engine, job, tmp_path):
    jobs = [job("killed", "kill"), job("crashed", "exit 3"), job("good")]
    results = {one.job.name: one for one in engine(2).run(jobs, ignore)}
    assert {name: one.status for name, one in results.items()} == {
        "killed": "failed",
        "crashed": "failed",
        "good": "finished",
    }
    assert "lack of memory" in results["killed"].error
    assert results["crashed"].error == f"its process ended with exit status 3; see {tmp_path / 'crashed.log'}"
    assert (tmp_path / "crashed.log").read_text() == "the last words\n"
    assert not (tmp_path / "good.log").exists()


@with_processes
def test_the_threads_are_those_of_the_job(engine, job, tmp_path):
    list(engine(2).run([job("a", "threads"), job("b", "threads")], ignore))
    assert [(tmp_path / name).read_text() for name in "ab"] == [str(THREADS)] * 2


def test_a_listener_may_stop_one_job_and_the_others_go_on(engine, job):
    def listen(event):
        return "stop" if (event.job, event.kind) == ("long", "start") else None

    jobs = [job("long", "wait 100"), job("short")]
    results = {one.job.name: one.status for one in engine(2).run(jobs, listen)}
    assert results == {"long": "stopped", "short": "finished"}


def test_closing_the_generator_stops_what_runs_and_draws_no_more(engine, job, tmp_path):
    drawn = []

    def jobs():
        for name, act in (("short", "fine"), ("long", "wait 100"), ("never", "fine")):
            drawn.append(name)
            yield job(name, act)

    chosen = engine(2)
    results = chosen.run(jobs(), ignore)
    assert next(results).job.name == "short"
    running = [read_pid(tmp_path, name) for name in drawn if name == "long"]
    assert len(running) == chosen.parallel - 1
    results.close()
    wait_until(lambda: not any(is_alive(pid) for pid in running))
    assert "never" not in drawn


@with_processes
def test_an_exception_of_the_listener_comes_through_and_stops_what_runs(engine, job, tmp_path):
    def interrupt(event):
        if event.kind == "start":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(engine(1).run([job("long", "wait 100"), job("next")], interrupt))
    pid = read_pid(tmp_path, "long")
    wait_until(lambda: not is_alive(pid))
    assert not (tmp_path / "next.pid").exists()


def test_the_next_job_may_depend_on_the_results_so_far(engine, job):
    seen = []

    def jobs():
        yield job("first")
        yield job(f"after-{seen[0]}")

    seen.extend(result.job.name for result in engine(1).run(jobs(), ignore))
    assert seen == ["first", "after-first"]


def test_no_more_jobs_are_drawn_than_run_side_by_side(engine, job):
    drawn, taken, running, most = [], [], set(), []

    def jobs():
        for number in range(5):
            drawn.append(number)
            assert len(drawn) - len(taken) <= chosen.parallel
            yield job(f"job-{number}", "wait 0.1")

    def listen(event):
        {"begin": running.add, "end": running.discard}.get(event.kind, lambda name: None)(event.job)
        most.append(len(running))

    chosen = engine(2)
    with contextlib.closing(chosen.run(jobs(), listen)) as results:
        taken.extend(result.job.name for result in results)
    assert len(taken) == len(drawn) == 5
    assert max(most) == chosen.parallel


@with_processes
def test_no_process_is_left_once_all_jobs_have_ended(engine, job, tmp_path):
    list(engine(2).run([job("a"), job("b", "wait 0.1")], ignore))
    for name in "ab":
        pid = read_pid(tmp_path, name)
        wait_until(lambda pid=pid: not is_alive(pid))
