"""A short form of `python -m benchmarks.serving`: mixed requests of many clients, sudden ends, and a database away."""

from pathlib import Path

import pytest
from benchmarks.serving import tables
from benchmarks.serving.child import ServiceChild
from benchmarks.serving.faults import batches_of_every_size, database_away, sudden_ends
from benchmarks.serving.load import mixed_load
from benchmarks.serving.speed import idle, latency
from benchmarks.serving.traffic import Traffic, drawn_images
from benchmarks.serving.wire import Wire, request
from tools.postgres_cluster import find_programs

from onnx_bundle import write_onnx_bundle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_onnx_bundle(tmp_path_factory.mktemp("runs") / "bright")


@pytest.fixture(scope="module")
def images():
    return drawn_images(8)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'audit.sqlite'}"


def test_mixed_requests_are_answered_as_they_should_be_and_none_is_lost(run, url, images):
    with ServiceChild(run, url) as child:
        found = mixed_load(child, url, Traffic(images), 4)
        grown = batches_of_every_size(child, images, 15)
        assert child.stop() == 0
        log = child.log
    assert found["wrong"] == {}
    assert found["missing"] == 0
    assert found["acknowledged"] > 100
    assert len(found["requests"]) == len(Traffic(images).kinds)
    assert found["p99_ms"] < 20 * found["p50_ms"]  # ten times, on a machine that does nothing else
    assert found["memory_mb"]["most"] < 400
    assert grown["after_mb"] < 1.1 * grown["before_mb"]
    assert "Traceback" not in log
    assert "fault" not in log
    lines = tables.load_lines({"load": found | {"machine": "x"}, "batches": grown | {"machine": "x"}})
    assert any("none: met" in line for line in lines)


def test_too_much_work_is_answered_at_once_with_503(run, url, images):
    with ServiceChild(run, url, ["--most-waiting", "8"]) as child:
        found = mixed_load(child, url, Traffic(images), 2)
    assert found["statuses"].get("503", 0) > 0
    assert (found["missing"], found["wrong"]) == (0, {})


def test_kill_9_loses_nothing_that_was_acknowledged(run, url, images):
    found = sudden_ends(run, url, Traffic(images), times=2, seconds=0.7)
    assert found["acknowledged"] > 10
    assert (found["missing"], found["wrong"]) == (0, {})


def test_a_database_that_goes_away_is_a_503_and_nothing_is_lost(run, images):
    if find_programs() is None:
        pytest.skip("PostgreSQL is not installed; tools/install_peers.sh installs it")
    found = database_away(run, Traffic(images), times=1, seconds=1.5)
    assert found["recovered"]
    assert found["statuses"].get("503", 0) > 0
    assert (found["missing"], found["wrong"]) == (0, {})


def test_an_idle_service_leaves_the_cores_alone(run, url, images):
    with ServiceChild(run, url) as child:
        latency(child, images[0], 20)
        assert idle(child, 3) < 0.02


def other_sides(pid):
    """The addresses that a process is connected with, beside those of this computer."""
    links = [read_link(one) for one in Path(f"/proc/{pid}/fd").iterdir()]
    numbers = {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")}
    assert numbers
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in numbers:
                found.add(fields[2].rpartition(":")[0])
    return found - {"0100007F", "00000000", "0" * 32, "0000000000000000FFFF00000100007F"}


def read_link(path):
    try:
        return str(path.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="the system does not list connections")
def test_a_service_speaks_with_nobody_else_and_leaves_no_number_of_the_device(run, images, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    with ServiceChild(run, f"sqlite:///{tmp_path / 'audit.sqlite'}") as child, Wire(child.port) as wire:
        seen = set()
        for number in range(20):
            path = "/v1/predict" if number % 4 else "/v1/explain"
            assert wire.send(request("POST", path, images[0], "image/png")).status == 200
            seen |= other_sides(child.pid)
    assert not seen
    assert {path.name for path in home.rglob("*") if path.is_file()} <= {"pseudonyms.key", ".pseudonyms.key.lock"}
