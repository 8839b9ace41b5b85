"""Nodes and heads that go away, stay away, come back or have no room: told once, waited for, and ended in one line."""

import logging
import queue

import pytest

from chestnut.errors import EngineError
from chestnut.jobs.job import Job
from chestnut.jobs.ray.answers import ActorLostError, ClusterLostError
from chestnut.jobs.ray.driver_process import DriverProcess
from chestnut.jobs.ray.engine import RayEngine, wait_for_room
from chestnut.jobs.ray.patience import Patience
from jobs.ray.fake_cluster import FakeCluster

NO_NODE = "the Ray cluster has no node that is up"
NO_HEAD = "the head of the Ray cluster has gone away"
BACK = "the Ray cluster is back; work goes on"


@pytest.fixture
def run(tmp_path, caplog):
    """Run two jobs, one at a time, and return their states and what was told."""
    caplog.set_level(logging.INFO, "chestnut")

    def start(cluster, wait=60.0):
        jobs = [Job(name, tmp_path / name, "", tmp_path / "m.csv", tmp_path / "d.json", 2, "test") for name in "ab"]
        engine = RayEngine(cluster, cluster.patience(wait), 1, grace=5.0)
        try:
            states = [result.status for result in engine.run(jobs, lambda event: None)]
        finally:
            run.told = [record.getMessage() for record in caplog.records]
            assert list(tmp_path.iterdir()) == [], "the marks of the shared disk are removed"
        return states, run.told

    run = start
    return start


def test_without_a_fault_nothing_is_told(run):
    assert run(FakeCluster()) == (["finished", "finished"], [])


@pytest.mark.parametrize(
    ("happens", "within", "told", "end"),
    [
        ("nodes_die", 4, NO_NODE, NO_NODE),
        ("nodes_fall_silent", 13, "the node of a does not answer", "the node of a does not answer"),
        ("head_goes", 1, NO_HEAD, NO_HEAD),
    ],
)
def test_what_goes_and_stays_away_is_told_within_seconds_and_ends_the_work_after_the_wait(
    run, happens, within, told, end
):
    cluster = FakeCluster([(2.0, happens)])
    with pytest.raises(EngineError, match=f"^{end}, also after 1 min; start what is missing") as raised:
        run(cluster)
    assert "\n" not in str(raised.value) and "wait=SECONDS" in str(raised.value)
    waits = [line for line in run.told if "waiting" in line]
    assert waits == [f"{told}; waiting up to 1 min"]
    assert 60 <= cluster.now <= 2 + within + 60 + 10


@pytest.mark.parametrize(("happens", "returns"), [("nodes_die", "node_comes"), ("head_goes", "head_comes")])
def test_what_comes_back_within_the_wait_takes_the_work_up_again(run, happens, returns):
    cluster = FakeCluster([(2.0, happens), (42.0, returns)])
    states, told = run(cluster)
    assert states == ["finished", "finished"]
    assert sum("waiting up to" in line for line in told) == 1 and told.count(BACK) == 1
    assert cluster.joined == (happens == "head_goes")


def test_the_work_ends_though_the_head_is_gone_when_it_is_stopped(tmp_path):
    cluster = FakeCluster(seconds=1000.0)
    job = Job("a", tmp_path / "a", "", tmp_path / "m.csv", tmp_path / "d.json", 2, "test")
    running = RayEngine(cluster, cluster.patience(60.0), 1, grace=5.0).run([job], stop)
    with pytest.raises(KeyboardInterrupt):
        next(running)
    cluster.head_goes()
    running.close()
    assert list(tmp_path.iterdir()) == []


def stop(event):
    raise KeyboardInterrupt


class BrokenAnswer(FakeCluster):
    """A cluster whose second answer is lost, since Ctrl-C breaks the waiting for it."""

    taken = 0
    ends = ()

    def get(self, answer):
        value = super().get(answer)
        self.taken += 1
        if self.taken == 2:
            raise KeyboardInterrupt
        if isinstance(value, tuple) and value[1] is not None:
            self.ends += (value[1],)
        return value


def test_ctrl_c_that_breaks_the_waiting_for_an_answer_stops_the_job_and_waits_for_its_end(tmp_path):
    cluster = BrokenAnswer(seconds=1000.0)
    job = Job("a", tmp_path / "a", "", tmp_path / "m.csv", tmp_path / "d.json", 2, "test")
    with pytest.raises(KeyboardInterrupt):
        next(RayEngine(cluster, cluster.patience(60.0), 1, grace=5.0).run([job], lambda event: None))
    assert len(cluster.stopped) == 1 and len(cluster.ends) == 1


def test_no_wait_ends_at_once(run):
    cluster = FakeCluster([(2.0, "nodes_die")])
    with pytest.raises(EngineError, match=f"^{NO_NODE}; start what is missing"):
        run(cluster, 0.0)
    assert cluster.now < 20


def test_other_work_that_takes_all_cores_is_waited_for(run):
    with pytest.raises(EngineError, match="no node of the Ray cluster has 2 cores free for a job, also after 30 s"):
        run(FakeCluster(busy=True), 30.0)
    states, told = run(FakeCluster([(20.0, "node_comes")], busy=True), 30.0)
    assert states == ["finished", "finished"] and told[-1] == BACK


def test_an_actor_without_a_job_gives_its_room_to_one_that_waits(tmp_path):
    cluster = FakeCluster(slots=1)
    jobs = [Job(name, tmp_path / name, "", tmp_path / "m.csv", tmp_path / "d.json", 2, "test") for name in "ab"]
    engine = RayEngine(cluster, cluster.patience(60.0), 2, grace=5.0)
    assert [result.status for result in engine.run(jobs, lambda event: None)] == ["finished", "finished"]
    assert cluster.now < 20


def test_a_job_is_not_blamed_for_nodes_that_go_before_it_has_begun(run):
    script = [
        (time, name) for at in range(0, 60, 6) for time, name in ((at + 0.5, "nodes_die"), (at + 1, "node_comes"))
    ]
    cluster = FakeCluster(script, busy=True)
    states, _ = run(cluster, 120.0)
    assert states == ["finished", "finished"]


class LostOften(FakeCluster):
    """A cluster whose head goes eight seconds after each time it was joined, and is back at once."""

    def rejoin(self):
        self.head_comes()
        self.script = [(self.now + 8.0, "head_goes")]
        super().rejoin()


def test_a_cluster_that_is_lost_again_and_again_ends_the_work(run):
    cluster = LostOften([(8.0, "head_goes")], seconds=100.0)
    with pytest.raises(EngineError, match=f"^{NO_HEAD}, 4 times while a was running$"):
        run(cluster)
    assert cluster.joined == 3


def test_a_method_that_raises_fails_its_job_and_frees_its_node(tmp_path):
    cluster = FakeCluster()
    cluster.fails = True
    job = Job("a", tmp_path / "a", "", tmp_path / "m.csv", tmp_path / "d.json", 2, "test")
    (result,) = RayEngine(cluster, cluster.patience(60.0), 1, grace=5.0).run([job], lambda event: None)
    assert (result.status, result.error) == ("failed", "OSError: the disk of the node is full")
    assert len(cluster.killed) == 1


def test_a_cluster_of_this_machine_that_dies_is_started_again(run):
    cluster = FakeCluster([(2.0, "nodes_die")], own=True)
    states, told = run(cluster)
    assert states == ["finished", "finished"] and cluster.joined == 1
    assert "the Ray of this machine has died; waiting up to 1 min" in told


def test_a_cluster_without_room_is_waited_for_before_the_first_job(caplog):
    cluster = FakeCluster([(30.0, "node_comes")], up=[{"CPU": 1.0}])
    assert wait_for_room(cluster, cluster.patience(60.0), 2) == (1, 0)
    assert 30 <= cluster.now <= 32
    small = "no node of the Ray cluster has 2 cores for a job (1 core at most): start one by ray start --num-cpus=2"
    assert [record.getMessage() for record in caplog.records] == [f"{small}; waiting up to 1 min", BACK]
    with pytest.raises(EngineError, match="no node that is up: start one by ray start --num-cpus=2, also after 90 s"):
        wait_for_room(FakeCluster(up=[]), (late := FakeCluster(up=[])).patience(90.0), 2)
    assert 90 <= late.now <= 92
    with pytest.raises(EngineError, match="fewer jobs side by side, or use the engine local"):
        wait_for_room(FakeCluster(up=[{"CPU": 1.0}], own=True), Patience(60.0), 2)


def test_an_answer_that_ctrl_c_kept_from_being_read_is_no_answer_to_the_next_question():
    driver = DriverProcess.__new__(DriverProcess)
    driver._answers = queue.SimpleQueue()
    for answer in ((0, True, "late"), (1, False, ActorLostError("ActorDiedError")), (2, True, "right"), None):
        driver._answers.put(answer)
    assert driver.answer(2, 1.0) == "right"
    for _ in range(2):
        with pytest.raises(ClusterLostError, match="gone away"):
            driver.answer(3, 1.0)
