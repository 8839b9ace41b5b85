"""A run that comes back from another machine replaces the older copy without ever losing it."""

import pytest

from chestnut.config import Recipe
from chestnut.errors import RunError
from chestnut.jobs.job import Job
from chestnut.jobs.ray.transfer import pack, pack_run, unpack
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


def test_a_run_that_names_its_start_by_the_path_here_is_as_chestnut_wrote_it(tmp_path):
    start, recipe = tmp_path / "node" / "start", Recipe(name="tiny", source=str(tmp_path / "node" / "start"))
    start.mkdir(parents=True)
    node = RunFolder(tmp_path / "node" / "run")
    with RunFolder.create(node.path, recipe, RunRecord(status="finished", command=f"finetune {start}"), {}):
        pass
    done = Job("run", node.path, "", tmp_path, tmp_path, 1, "", start=start)
    asked = Job("run", tmp_path / "home" / "run", "", tmp_path, tmp_path, 1, "", start=tmp_path / "home" / "start")
    unpack(pack_run(done, asked), asked.folder)
    run = RunFolder.open(asked.folder)
    assert run.recipe.source == str(asked.start)
    assert run.record.command == f"finetune {asked.start}"
    run.recipe_file.write_text(recipe.to_toml())
    with pytest.raises(RunError, match=r"recipe\.toml was changed after chestnut wrote it"):
        assert run.recipe
