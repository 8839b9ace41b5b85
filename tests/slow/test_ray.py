"""Engine ray on a real cluster of this machine: the results of engine local, also when a worker is killed.

The cluster has two nodes. The first has one core; the second has two, and does not see one of our folders, so that a
job of two threads runs without a shared disk.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

import chestnut as cn
from chestnut.config import load_recipe
from chestnut.data.split import split
from chestnut.files.json_files import read_json, write_json
from chestnut.jobs.job import Job
from chestnut.jobs.local_engine import LocalEngine
from chestnut.jobs.ray.cluster import join_cluster
from chestnut.jobs.ray.engine import open_ray_engine
from chestnut.jobs.ray.patience import Patience
from chestnut.runs.folder import RunFolder
from processes import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install 'chestnut[ray]'"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]

TINY = ("input.height=32", "input.width=32", "train.precision=float32", "data.fractions=[0.6,0.2,0.2]")
NETWORKS = ("cnn-small:model.filters=[4]", "cnn-small:model.dense=[8]", "mlp:model.dense=[8]")
CLOCKS = ["learning_rate", "seconds", "train_seconds"]
# A test that runs in the background of a shell ignores Ctrl-C, and what it starts would too
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from chestnut.cli import main; main()"
)
BOTH_UP = """
import sys, time, ray
ray.init(address=sys.argv[1], log_to_driver=False)
while len([node for node in ray.nodes() if node["Alive"]]) < 2:
    time.sleep(0.1)
"""


@dataclass(frozen=True)
class Cluster:
    """Where it is reached from within and from without, and what its second node does not see."""

    within: str
    client: str
    hidden: Path | None


def free_port(first):
    for port in range(first, first + 1000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("no port is free")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    hidden = tmp_path_factory.mktemp("hidden")
    sessions = Path(f"/tmp/chestnut-{secrets.token_hex(4)}")  # the paths of Ray's sockets must be short
    own = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    own |= {"RAY_worker_niceness": "0"}
    port, client = free_port(6400), free_port(9100)
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--disable-usage-stats", "--block"]
    head = [*start, "--head", f"--port={port}", f"--ray-client-server-port={client}", "--include-dashboard=false"]
    before = dict(os.environ)
    os.environ |= own
    began = []
    try:
        began.append(launched([*head, "--num-cpus=1", f"--temp-dir={sessions}"]))
        wait_until(lambda: reachable(port) and reachable(client), 120)
        mount = f'mount -t tmpfs none {hidden} && exec "$@"'
        private = ["unshare", "-m", "sh", "-c", mount, "sh"]
        able = not subprocess.run([*private, "true"], capture_output=True, check=False).returncode
        second = [*start, f"--address=127.0.0.1:{port}", "--num-cpus=2"]
        began.append(launched([*private, *second] if able else second))
        subprocess.run(
            [sys.executable, "-c", BOTH_UP, f"127.0.0.1:{port}"], capture_output=True, timeout=120, check=True
        )
        yield Cluster(f"127.0.0.1:{port}", f"ray://127.0.0.1:{client}", hidden if able else None)
    finally:
        for process in reversed(began):
            process.send_signal(signal.SIGTERM)
        for process in reversed(began):
            ended(process)
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(sessions, ignore_errors=True)


def launched(words):
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def ended(process):
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def reachable(port):
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))


def test_a_process_uses_one_cluster_after_another():
    """Each cluster that is started here has a token of its own, and Ray keeps the first it sees."""
    for _ in range(2):
        with join_cluster(None, 1, Patience(60.0)) as cluster:
            assert [node["CPU"] for node in cluster.nodes()] == [1]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ray") / "images"
    cn.write_phantom(folder, 60, size=48)
    return folder


@pytest.fixture(scope="module")
def job(images, tmp_path_factory):
    """Make jobs of one recipe in any folder; `expected` is what engine local made of it."""
    recipe = load_recipe("cnn-small", [*TINY, "model.filters=[4]", "model.dense=[8]", "train.epochs=15"])
    manifest = split(cn.load_dataset(images), recipe.data.fractions, 0)

    def make(folder):
        manifest.save(folder / "manifest.csv")
        write_json(folder / "data.json", manifest.facts())
        paths = (folder / "one", recipe.to_toml(), folder / "manifest.csv", folder / "data.json")
        return Job("one", *paths, 2, "test", measured=False)

    one = make(tmp_path_factory.mktemp("local"))
    (result,) = LocalEngine().run([one], lambda event: None)
    assert result.status == "finished", result.error
    make.expected = learnt(one.folder)
    return make


def learnt(folder):
    history = pd.read_csv(folder / "history.csv")
    predictions = (folder / "evaluation" / "val" / "predictions.csv").read_text()
    return history.drop(columns=[name for name in CLOCKS if name in history]).to_csv(), predictions


def command(*words):
    return [sys.executable, "-c", PROGRAM, *map(str, words)]


def called(words, where, status=0):
    """What a command said on standard error."""
    done = subprocess.run(words, cwd=where, capture_output=True, text=True, check=False)
    assert done.returncode == status and "Traceback" not in done.stderr, done.stderr
    return done.stderr


def comparison(images, name, *more):
    words = ["compare", images, "--recipes", "mlp,cnn-small", "--epochs", 3, "--name", name, *more]
    return command(*words, *(f"--set={setting}" for setting in (*TINY, *NETWORKS)))


def leaderboard(folder):
    rows = read_json(folder / "leaderboard.json")["rows"]
    return [{key: row[key] for key in row if key not in ("epoch_seconds", "images_a_second")} for row in rows]


def test_compare_and_predict_give_the_same_results(cluster, images, tmp_path):
    here = ["--engine", "ray", "--address", cluster.client]
    called(comparison(images, "local", "--jobs", 2), tmp_path)
    # What this machine calls a job's threads may be more than a node has
    threads = read_json(tmp_path / "runs" / "local" / "plan.json")["threads"]
    if threads > 2:
        pytest.skip(f"a job takes {threads} cores on this machine, and the nodes have 2")
    called(comparison(images, "ray", *here), tmp_path)
    assert leaderboard(tmp_path / "runs" / "ray") == leaderboard(tmp_path / "runs" / "local")
    bad = tmp_path / "bad.jpeg"
    bad.write_text("no image")
    predict = ["predict", tmp_path / "runs" / "ray" / "mlp-s0", images, bad, "--coverage", 0.6]
    called(command(*predict, "--csv", "local.csv"), tmp_path)
    called(command(*predict, "--csv", "ray.csv", *here), tmp_path)
    assert (tmp_path / "ray.csv").read_bytes() == (tmp_path / "local.csv").read_bytes()
    table = pd.read_csv(tmp_path / "ray.csv")
    assert set(table["set"].dropna()) <= {"NORMAL", "PNEUMONIA", "NORMAL|PNEUMONIA"}
    (unread,) = table[table["error"].notna()].itertuples()
    assert unread.path == str(bad) and unread.error.startswith("is not an image that chestnut reads")


def busy():
    """The processes of our cluster's jobs, each with its parent."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            ours = os.environ["RAY_AUTH_TOKEN"].encode() in (folder / "environ").read_bytes()
            if ours and (b"chestnut.jobs.forks" in words or b"chestnut.jobs.worker" in words):
                found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # ended meanwhile
            continue
    return found


def test_a_killed_worker_has_its_job_run_again_from_its_last_epoch(cluster, job, tmp_path):
    one, starts, killed = job(tmp_path), [], []

    def listen(event):
        if event.kind == "start":
            starts.append(event.facts["done"])
        if event.kind == "epoch" and event.facts["row"]["epoch"] >= 2 and not killed:
            processes = busy()
            killed.extend(set(processes.values()) - set(processes))  # the Ray workers that started them
            for worker in killed:
                os.kill(worker, signal.SIGKILL)

    with open_ray_engine(cluster.within, None, 2, 60.0) as engine:
        (result,) = engine.run([one], listen)
    assert result.status == "finished", result.error
    assert len(killed) == 1 and len(starts) == 2 and starts[0] == 0 and starts[1] >= 2
    assert len(RunFolder(one.folder).record.resumed) == 1
    assert learnt(one.folder) == job.expected
    assert sorted(path.name for path in tmp_path.iterdir()) == [".jobs.lock", "data.json", "manifest.csv", "one"]
    wait_until(lambda: not busy(), 120)


def test_a_node_without_the_disk_gets_the_files_and_sends_the_run(cluster, job):
    if cluster.hidden is None:
        pytest.skip("no private mount may be made here")
    one, starts = job(cluster.hidden), []

    def listen(event):
        if event.kind == "start":
            starts.append(event.facts["done"])
        return "stop" if event.kind == "epoch" and len(starts) == 1 else None

    with open_ray_engine(cluster.within, None, 2, 60.0) as engine:
        (stopped,) = engine.run([one], listen)
        assert stopped.status == "stopped", stopped.error
        assert RunFolder(one.folder).record.status == "stopped"
        (finished,) = engine.run([one], listen)
    assert finished.status == "finished", finished.error
    assert starts[0] == 0 and starts[1] >= 1
    assert learnt(one.folder) == job.expected
    assert sorted(path.name for path in cluster.hidden.iterdir()) == ["data.json", "manifest.csv", "one"]


def test_ctrl_c_keeps_what_is_done_and_leaves_no_ray_behind(images, tmp_path):
    words = [*comparison(images, "broken", "--engine", "ray", "--set=train.epochs=3"), "--epochs", "400"]
    own = {**os.environ, "TMPDIR": "/tmp", "CHESTNUT_MARK": str(tmp_path)}
    process = subprocess.Popen(words, cwd=tmp_path, env=own, stderr=subprocess.PIPE, text=True)
    history = tmp_path / "runs" / "broken" / "mlp-s0" / "history.csv"
    wait_until(lambda: history.is_file() and len(history.read_text().splitlines()) > 2, 120)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130 and "continue with chestnut compare --resume runs/broken" in said, said
    assert RunFolder(history.parent).record.status == "stopped"
    assert "Traceback" not in said
    mark = str(tmp_path).encode()
    wait_until(lambda: not any(mark in environment(folder) for folder in Path("/proc").glob("[0-9]*")), 120)


def environment(folder):
    try:
        return (folder / "environ").read_bytes()
    except OSError:
        return b""
