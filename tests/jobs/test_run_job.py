"""A job whose run an earlier process has begun, or ended."""

import pytest

from chestnut.config import Recipe
from chestnut.jobs import run_job as module
from chestnut.jobs.job import Job
from chestnut.jobs.run_all import JobOptions, run_all
from chestnut.jobs.run_job import run_job
from chestnut.runs.folder import RunFolder
from chestnut.runs.record import RunRecord
from inline import Inline


def job(tmp_path, status, **more):
    made = Job("one", tmp_path / "one", "", tmp_path / "m.csv", tmp_path / "d.json", 1, "chestnut.x", measured=False)
    with RunFolder.create(made.folder, Recipe(name="tiny"), RunRecord(status=status, **more), {"classes": ["A", "B"]}):
        pass
    return made


def test_a_run_of_which_an_older_chestnut_saved_nothing_is_trained_anew(tmp_path, monkeypatch):
    begun = job(tmp_path, "training")

    def train(given, setup):
        assert not given.folder.exists()
        job(tmp_path, "finished")
        return RunFolder(given.folder)

    monkeypatch.setattr(module, "_train", train)
    assert run_job(begun, lambda kind, facts: None) == "finished"


@pytest.mark.parametrize("status", ["finished", "training"])
def test_state_that_a_kill_left_of_a_finished_run_is_removed(tmp_path, status):
    done = job(tmp_path, status)
    (done.folder / "state").mkdir()
    (done.folder / "state" / "start.arrays").touch()
    engine = Inline(work=lambda job, notify: "finished")
    assert run_all([done], JobOptions(engine)) == {}
    assert engine.done == ([] if status == "finished" else ["one"])
    assert (done.folder / "state").exists() == (status != "finished")
