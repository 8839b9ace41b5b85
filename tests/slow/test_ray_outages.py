"""Engine ray on a real cluster of this machine whose node and head are killed: told, waited for, and ended in time."""

import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from chestnut.errors import EngineError
from chestnut.jobs.job import Job
from chestnut.jobs.process import StartMethod
from chestnut.jobs.ray import cluster as cluster_module
from chestnut.jobs.ray import driver_process
from chestnut.jobs.ray.answers import ClusterLostError
from chestnut.jobs.ray.cluster import RayCluster, join_cluster
from chestnut.jobs.ray.engine import RayEngine, wait_for_room
from chestnut.jobs.ray.patience import Patience
from processes import FAKE_WORKER, is_alive, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install 'chestnut[ray]'"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]

FAKE = StartMethod(command=(sys.executable, str(FAKE_WORKER)))
BACK = "the Ray cluster is back; work goes on"


class Machines:
    """A head without cores, and nodes with one core, each a program of this machine."""

    def __init__(self, folder):
        self.folder = folder
        self.port, self.client = free_ports(2)
        self.address, self.through = f"127.0.0.1:{self.port}", f"ray://127.0.0.1:{self.client}"
        self.began = []

    def launch(self, *words):
        start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--disable-usage-stats", "--block", *words]
        self.began.append(
            subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        )

    def start_head(self):
        ports = (f"--port={self.port}", f"--ray-client-server-port={self.client}", "--include-dashboard=false")
        self.launch("--head", *ports, "--num-cpus=0", f"--temp-dir={self.folder}")
        wait_until(lambda: all(map(is_open, (self.port, self.client))), 60)

    def restart(self):
        """Start a head and a node, once those before have ended: Ray starts no head where it still sees a node."""
        self.stop()
        self.began.clear()
        self.start_head()
        self.start_node()

    def start_node(self):
        self.launch(f"--address=127.0.0.1:{self.port}", "--num-cpus=1")

    def kill(self, program, ending):
        """Kill a process of this cluster, by what its command line says."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            words = command_line(place).decode(errors="replace")
            if program in words and str(self.folder) in words and ending in words:
                found.append(int(place.name))
                os.kill(int(place.name), signal.SIGKILL)
        assert found, f"no process {program}"

    def kill_nodes(self):
        self.kill("raylet/raylet", "sockets/raylet.")

    def kill_head(self):
        self.kill("gcs_server", "")

    def stop(self):
        for process in self.began:
            process.terminate()
        for process in self.began:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def is_open(port):
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))


@pytest.fixture(scope="module")
def machines():
    folder = Path(f"/tmp/chestnut-{secrets.token_hex(4)}")  # the paths of Ray's sockets must be short
    before = dict(os.environ)
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    # All as in earnest, only faster: a node counts as dead after a second, and a head as gone after four
    os.environ |= {"RAY_health_check_period_ms": "300", "RAY_health_check_failure_threshold": "2"}
    os.environ |= {"RAY_health_check_timeout_ms": "1000", "RAY_health_check_initial_delay_ms": "0"}
    os.environ |= {"RAY_gcs_rpc_server_reconnect_timeout_s": "4", "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "4"}
    found = Machines(folder)
    try:
        found.start_head()
        found.start_node()
        patience = Patience(60.0)
        with join_cluster(found.address, 1, patience) as cluster:
            wait_for_room(cluster, patience, 1)
        yield found
    finally:
        found.stop()
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def job(tmp_path, caplog):
    caplog.set_level(logging.INFO, "chestnut")
    for name in ("manifest.csv", "data.json"):
        (tmp_path / name).touch()
    return Job("one", tmp_path / "one", "wait 4", tmp_path / "manifest.csv", tmp_path / "data.json", 1, "test")


def run(address, job, wait, begun):
    """Run a job, and do something once when it has begun."""
    hooks = [begun]

    def listen(event):
        if event.kind == "start" and hooks:
            hooks.pop()()

    patience = Patience(wait)
    with join_cluster(address, 1, patience) as cluster:
        (result,) = RayEngine(cluster, patience, 1, start_method=FAKE, grace=5.0).run([job], listen)
        return result.status, result.error


def told(caplog):
    return [record.getMessage() for record in caplog.records]


def test_the_only_node_stays_away(machines, job):
    began = []

    def lose_node():
        machines.kill_nodes()
        began.append(time.monotonic())

    with pytest.raises(EngineError, match="the Ray cluster has no node that is up, also after 2 s; start what is"):
        run(machines.address, job, 2.0, lose_node)
    assert time.monotonic() - began[0] < 30
    machines.start_node()


def test_a_head_that_goes_and_comes_back_gets_its_jobs_again(machines, job, caplog):
    def lose_head():
        caplog.clear()  # the node may have come late
        machines.kill_head()
        threading.Timer(3.0, machines.restart).start()

    assert run(machines.through, job, 120.0, lose_head) == ("finished", "")
    assert sum("waiting up to 2 min" in line for line in told(caplog)) == 1 and BACK in told(caplog), told(caplog)


def test_the_head_stays_away(machines, job):
    """Ray would end this process after a minute; now it raises."""
    with pytest.raises(EngineError, match="the head of the Ray cluster has gone away, also after 2 s"):
        run(machines.address, job, 2.0, machines.kill_head)


@pytest.mark.parametrize(
    ("program", "error", "said"),
    [
        ("import sys; sys.exit(3)", ClusterLostError, "gone away"),
        ("import time; time.sleep(600)", EngineError, "the head of the Ray cluster does not answer, also after 0.5 s"),
    ],
)
def test_a_driver_that_ends_or_hangs(monkeypatch, program, error, said):
    monkeypatch.setattr(driver_process, "_PROGRAM", program)
    monkeypatch.setattr(cluster_module, "_SILENCE", 1.0)
    monkeypatch.setattr(cluster_module, "_ABANDONING", 0.5)
    cluster = RayCluster("auto", 1, Patience(0.5))
    cluster._driver = driver = driver_process.DriverProcess(own=False)
    with pytest.raises(error, match=said):
        cluster.nodes()
    wait_until(lambda: driver._process.poll() is not None)
    with pytest.raises(ClusterLostError, match="has been left"):
        cluster.nodes()


def test_a_command_that_is_killed_leaves_no_cluster_behind():
    program = """
import os, signal
from chestnut.jobs.ray.cluster import join_cluster
from chestnut.jobs.ray.patience import Patience
with join_cluster(None, 1, Patience(60.0)) as cluster:
    print(cluster._driver._process.pid, cluster._driver.place["_temp_dir"], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    own = {**os.environ, "TMPDIR": "/tmp"}  # short enough for Ray's sockets
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=own, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid, place = done.stdout.split()
    wait_until(lambda: not is_alive(int(pid)), 60)
    assert not Path(place).exists()
    assert not any(place.encode() in command_line(folder) for folder in Path("/proc").glob("[0-9]*"))


def command_line(folder):
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:  # ended meanwhile
        return b""
