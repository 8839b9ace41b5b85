"""A run that comes back from another machine replaces the older copy without ever losing it."""

import pytest

from chestnut.config import Recipe
from chestnut.jobs.ray.transfer import pack, unpack
from chestnut.runs.folder import RunFolder, find_runs
from chestnut.runs.record import RunRecord
from killing import Killed, kill_at_rename


@pytest.mark.parametrize(("kill", "epochs"), [(0, 1), (1, 1), (2, 2)])
@pytest.mark.parametrize("reader", [RunFolder.open, lambda path: find_runs(path.parent)[0]])
def test_a_kill_while_a_run_is_replaced_loses_neither_copy(tmp_path, monkeypatch, kill, epochs, reader):
    run = RunFolder(tmp_path / "run")
    with RunFolder.create(run.path, Recipe(name="tiny"), RunRecord(status="training", epochs=1), {}):
        pass
    older = pack(run.path)
    run.update(epochs=2)
    newer = pack(run.path)
    unpack(older, run.path)
    assert run.record.epochs == 1
    with pytest.raises(Killed), kill_at_rename(kill, monkeypatch):
        unpack(newer, run.path)
    assert reader(run.path).record.epochs == epochs
