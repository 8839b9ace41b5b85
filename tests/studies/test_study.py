"""What the folders of all studies share."""

import pytest

from chestnut.config import Recipe
from chestnut.jobs.ray.transfer import pack, unpack
from chestnut.runs.folder import RunFolder
from chestnut.runs.record import RunRecord
from chestnut.studies.crossval.plan import CrossFolder
from killing import Killed, kill_at_rename


def test_a_study_recovers_a_run_from_a_kill_before_it_removes_incomplete_folders(tmp_path, monkeypatch):
    run = RunFolder(tmp_path / "repeat1-fold1")
    with RunFolder.create(run.path, Recipe(name="tiny"), RunRecord(status="finished"), {}):
        pass
    (tmp_path / ".chestnut-tmp-repeat1-fold2-0123abcd" / "new").mkdir(parents=True)
    with pytest.raises(Killed), kill_at_rename(2, monkeypatch):
        unpack(pack(run.path), run.path)
    assert not run.finished
    (tmp_path / CrossFolder.plan_name).write_text("{}")
    with CrossFolder(tmp_path).lock():
        assert run.finished
        assert not (tmp_path / ".chestnut-tmp-repeat1-fold2-0123abcd").exists()
