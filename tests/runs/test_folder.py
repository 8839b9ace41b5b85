"""Run folders: made whole, opened with care."""

import pytest

from chestnut.config import Recipe
from chestnut.errors import DataError, RunError, TakenError
from chestnut.files.json_files import write_json
from chestnut.runs.folder import RunFolder, find_runs
from chestnut.runs.record import RunRecord

FACTS = {"root": "/data", "classes": ["A", "B"], "positive": "B", "synthetic": False, "images": 2, "patients": 1,
         "notes": []}  # fmt: skip


def made(path, status="training"):
    with RunFolder.create(path, Recipe(name="tiny"), RunRecord(status="training", command="x"), FACTS) as draft:
        draft.update(status=status)
    return RunFolder.open(path)


def test_a_run_appears_whole_and_reads_back(tmp_path):
    run = made(tmp_path / "runs" / "one")
    assert run.recipe == Recipe(name="tiny")
    assert run.facts == FACTS
    assert run.record.status == "training"
    assert [found.name for found in find_runs(tmp_path / "runs")] == ["one"]


def test_a_failure_while_it_is_made_leaves_nothing(tmp_path):
    with (
        pytest.raises(RuntimeError),
        RunFolder.create(tmp_path / "runs" / "one", Recipe(name="tiny"), RunRecord(status="training"), {}),
    ):
        raise RuntimeError
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_taken_place_is_refused(tmp_path):
    made(tmp_path / "one")
    with pytest.raises(RunError, match="one exists already; choose another name"):
        made(tmp_path / "one")


def test_a_place_that_is_taken_while_a_run_is_made_is_refused_and_stays(tmp_path):
    with (
        pytest.raises(TakenError, match="one exists already"),
        RunFolder.create(tmp_path / "one", Recipe(name="tiny"), RunRecord(status="training"), {}),
    ):
        made(tmp_path / "one", "finished")
    assert RunFolder.open(tmp_path / "one").finished
    assert [item.name for item in tmp_path.iterdir()] == ["one"]


def test_a_damaged_history_is_one_clear_error(tmp_path):
    run = made(tmp_path / "one")
    assert run.history.empty
    run.write(run.history_file, 'epoch,loss\n1,"')
    with pytest.raises(DataError, match=r"history\.csv is not a table .*; restore it from a copy"):
        assert run.history.empty


def test_a_newer_run_is_refused_with_the_remedy(tmp_path):
    run = made(tmp_path / "one")
    write_json(run.environment_file, run.record.to_dict() | {"format": 99})
    with pytest.raises(RunError, match=r"newer chestnut \(format 99, this one reads up to 1\); upgrade"):
        RunFolder.open(run.path)


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="no run folder"):
        RunFolder.open(tmp_path / "none")
    with pytest.raises(RunError, match=r"is not a run folder: it has no environment.json"):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize(("name", "images"), [("test", "--split test"), ("elsewhere", "DATA")])
def test_a_missing_evaluation_names_the_command_that_makes_it(tmp_path, name, images):
    run = made(tmp_path / "one")
    with pytest.raises(RunError, match=f"no evaluation '{name}'; to make it, run chestnut evaluate .*one {images}$"):
        run.metrics(name)
