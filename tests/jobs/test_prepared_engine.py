"""The libraries of jobs are loaded while a study is still being prepared."""

import os
import time

import pytest

from chestnut.jobs.engine_choice import EngineChoice
from chestnut.jobs.forks import can_fork
from chestnut.jobs.job import Job
from chestnut.jobs.process import StartMethod
from processes import FAKE_WORKER, is_alive, wait_until

pytestmark = pytest.mark.skipif(not can_fork(), reason="jobs are not forked here: no Linux, or a GPU")

#: A module that says which process loads it, and takes its time.
SLOW = """
import os, time
from pathlib import Path

def load():
    Path(os.environ["LOADED"]).with_suffix(".tmp").write_text(str(os.getpid()))
    Path(os.environ["LOADED"]).with_suffix(".tmp").rename(os.environ["LOADED"])
    time.sleep({seconds})
"""


@pytest.fixture
def loading(tmp_path, monkeypatch):
    """Return a choice of the local engine whose jobs load for some seconds, and the file with the loader's number."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{FAKE_WORKER.parent}")
    monkeypatch.setenv("LOADED", str(tmp_path / "loaded"))

    def make(seconds, more=""):
        (tmp_path / "slow_module.py").write_text(SLOW.format(seconds=seconds) + more)
        return EngineChoice("local", jobs=1, start_method=StartMethod("slow_module")), tmp_path / "loaded"

    return make


def test_a_job_is_forked_from_what_was_loaded_before(loading, tmp_path, monkeypatch):
    parent = "\ndef main():\n    Path(os.environ['LOADED']).with_name('parent').write_text(str(os.getppid()))\n"
    choice, loaded = loading(0, parent)
    with choice.prepared(3) as ready:
        wait_until(loaded.is_file)
        monkeypatch.setenv("KMP_INIT_AT_FORK", "FALSE")  # as scikit-learn does meanwhile
        job = Job("a", tmp_path / "a", "", tmp_path / "m.csv", tmp_path / "d.json", 3, "test")
        with ready.open(3) as engine:
            list(engine.run([job], lambda event: None))
    assert (tmp_path / "parent").read_text() == loaded.read_text()
    assert not is_alive(int(loaded.read_text()))


def test_an_error_before_the_first_job_does_not_wait_for_what_loads(loading):
    choice, loaded = loading(100)
    with pytest.raises(ValueError, match="no such images"), choice.prepared(3):
        wait_until(loaded.is_file)
        began = time.monotonic()
        raise ValueError("no such images")
    assert time.monotonic() - began < 50
    assert not is_alive(int(loaded.read_text()))


def test_nothing_is_loaded_here_for_a_cluster():
    choice = EngineChoice("ray")
    with choice.prepared(3) as ready:
        assert ready is choice
