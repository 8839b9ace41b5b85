"""Which engine runs jobs: options that do not fit, and clusters that are not there, in one line and at once."""

import contextlib
import socket
from types import SimpleNamespace

import pytest

from chestnut.api import studies
from chestnut.api.options import StudySettings
from chestnut.errors import EngineError
from chestnut.inference import engine_choice as inference_engine
from chestnut.jobs.engine_choice import EngineChoice
from chestnut.jobs.ray import cluster

COMPARE = ["compare", "nothing", "--recipes", "mlp,cnn-small"]
CROSSVAL = ["crossval", "nothing"]
PREDICT = ["predict", "nothing", "nothing"]


@pytest.fixture(scope="module")
def closed():
    """A port at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def refused(chestnut, *words):
    status, out, told = chestnut(*words)
    assert status == 2 and out == "" and len(told.splitlines()) == 1 and told.startswith("error: "), told
    assert list(chestnut.folder.iterdir()) == []
    return told


@pytest.mark.parametrize("command", [COMPARE, CROSSVAL, PREDICT], ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "rya"], "rya: did you mean ray?"),
        (["--address", "auto"], "auto: the engine local takes no address; choose the engine ray"),
        (["--jobs", "0"], "0: give 1 or more side by side"),
        (["--engine", "ray", "--jobs", "-1"], "-1: give 1 or more side by side"),
        (["--jobs", 10**9], "give 1 to 10000 side by side"),
        (["--wait", "nan"], "--wait nan: give a number of seconds, or a duration such as 90s, 5m or 2h"),
        (["--wait", "-1"], "--wait -1: give a number"),
        (["--wait", "1e3"], "--wait 1e3: give a number"),
        (["--wait", "9" * 5000], "999: give a number"),
        (["--wait", "999999h"], "wait: give a number of seconds from 0 to 31622400"),
    ],
)
def test_options_that_do_not_fit(chestnut, command, words, said):
    assert said in refused(chestnut, *command, *words)


@pytest.mark.parametrize("address", ["head", "http://head:10001", "ray://head", "head:port", "ray://:10001", "a b:1"])
def test_an_address_that_is_none(chestnut, monkeypatch, address):
    monkeypatch.setattr(cluster, "find_spec", lambda name: name)
    told = refused(chestnut, *COMPARE, "--engine", "ray", "--address", address)
    assert f"{address!r}: write ray://HOST:PORT, HOST:PORT or auto" in told


@pytest.mark.parametrize("scheme", ["ray://", ""])
def test_nobody_answers(chestnut, monkeypatch, closed, scheme):
    monkeypatch.setattr(cluster, "find_spec", lambda name: name)
    told = refused(chestnut, *PREDICT, "--engine", "ray", "--address", f"{scheme}127.0.0.1:{closed}")
    assert f"nobody answers at 127.0.0.1, port {closed}" in told and "ray start --head" in told


def test_ray_is_not_installed(chestnut, monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    assert "pip install 'chestnut[ray]'" in refused(chestnut, *CROSSVAL, "--engine", "ray")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "onx"], "--engine onx: did you mean onnx?"),
        (["--precision", "float8"], "--precision float8: give float32, bfloat16"),
        (["--precision", "bfloat16"], "--precision bfloat16: the engine onnx computes in float32; give openvino"),
    ],
)
def test_what_runs_a_network_is_known(chestnut, words, said):
    assert said in refused(chestnut, *PREDICT, *words)


def test_openvino_is_not_installed(chestnut, monkeypatch):
    monkeypatch.setattr(inference_engine, "find_spec", lambda name: None)
    assert "pip install 'chestnut[openvino]'" in refused(chestnut, *PREDICT, "--engine", "openvino")


@pytest.mark.parametrize(
    "wait", [float("nan"), float("inf"), -1, True, "60", 10**5000], ids=lambda value: type(value).__name__
)
def test_a_wait_that_is_no_duration(wait):
    with pytest.raises(EngineError, match=r"^wait: give a number of seconds from 0 to 31622400$"):
        EngineChoice(wait=wait).check()


def test_a_study_whose_cluster_went_away_says_how_to_continue(tmp_path, monkeypatch):
    @contextlib.contextmanager
    def open_lost(choice, threads):
        yield SimpleNamespace(parallel=1)
        raise EngineError("the Ray cluster has no node that is up")

    monkeypatch.setattr(EngineChoice, "open", open_lost)
    folder = SimpleNamespace(plan=SimpleNamespace(threads=1), path=tmp_path, command="compare")
    with (
        pytest.raises(
            EngineError, match=f"finished runs are kept; continue with chestnut compare --resume {tmp_path}$"
        ),
        studies._jobs(folder, StudySettings(quiet=True), EngineChoice(), (), 1, "1 run"),
    ):
        pass
