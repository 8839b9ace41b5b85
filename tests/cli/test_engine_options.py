"""Which engine runs jobs: options that do not fit, and clusters that are not there, in one line and at once."""

import socket

import pytest

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


def test_a_prediction_on_this_machine_takes_no_jobs(chestnut):
    assert "--jobs 2: --engine local predicts in one process" in refused(chestnut, *PREDICT, "--jobs", 2)
