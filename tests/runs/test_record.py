"""A run's record: typed, tolerant of other versions, and changed by one process at a time."""

import json
import threading

import pytest

from chestnut.config import Recipe
from chestnut.errors import RunError
from chestnut.runs.folder import RunFolder
from chestnut.runs.record import RunRecord

#: The content of an environment.json as training writes it, with a field of a later version at two depths.
WRITTEN = {
    "format": 1, "status": "finished", "command": "chestnut train images", "started": "2026-01-02T03:04:05+00:00",
    "backend": "tensorflow", "device": "CPU, 2 cores", "threads": 2, "python": "3.11.7", "system": "Linux",
    "versions": {"keras": "3.15.0"}, "commit": None, "trained_parameters": 12, "cut": None, "devices": 1, "hosts": 1,
    "epochs": 3, "best_epoch": 0, "stopped_by": "early", "start": {"val_loss": 1, "val_auroc": None},
    "parameters": 34, "seconds": 5, "ended": "2026-01-02T03:05:05+00:00", "resumed": ["2026-01-02T03:04:59+00:00"],
    "tracking": {"mlflow": {"track": "mlflow", "run": "abc", "later": 1}}, "fitted": {"C": 0.1, "solver": "x"},
    "members": [{"run": "/runs/a", "recipe": "mlp", "seed": 0, "temperature": 1, "weights": "00", "epochs": None,
                 "best_epoch": None, "later": [1]}],
    "later": {"deep": [1, None, "x"]},
}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    with RunFolder.create(tmp_path / "run", Recipe(name="tiny"), RunRecord(status="training"), {}) as draft:
        draft.environment_file.write_text(json.dumps(WRITTEN))
    return RunFolder.open(tmp_path / "run")


def test_every_field_is_read_and_written_back_as_it_was(run):
    record = run.record
    assert record.to_dict() == WRITTEN
    assert (record.threads, record.cut, record.start["val_loss"]) == (2, None, 1)
    assert (record.members[0].recipe, record.tracking["mlflow"].run) == ("mlp", "abc")
    assert record.finished and record.usable and record.kept_start and not record.stopped
    assert RunRecord(status="stopped").to_dict() == {"status": "stopped"}


def test_a_change_keeps_everything_else(run):
    record = run.update(status="stopped", epochs=4)
    assert (record.status, record.epochs) == ("stopped", 4)
    assert json.loads(run.environment_file.read_text()) == WRITTEN | {"status": "stopped", "epochs": 4}
    assert list(json.loads(run.environment_file.read_text())) == list(WRITTEN)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("status", "done", r"status: input should be 'training', 'finished', 'stopped' or 'failed'"),
        ("epochs", "3", "epochs: input should be a valid integer"),
        ("epochs", True, "epochs: input should be a valid integer"),
        ("seconds", "long", "seconds: input should be a valid number"),
        ("versions", [], "versions: input should be a valid dictionary"),
        ("members", [{"run": 1}], r"members\.0\.run: input should be a valid string"),
        ("tracking", {"wandb": {}}, r"tracking\.wandb\.track: field required"),
    ],
)
def test_a_wrong_type_is_one_error_that_names_the_file_and_the_field(run, field, value, message):
    with pytest.raises(RunError, match=rf"environment\.json is damaged: {message}; restore it from a copy"):
        run.update(**{field: value})
    assert json.loads(run.environment_file.read_text()) == WRITTEN
    run.environment_file.write_text(json.dumps(WRITTEN | {field: value}))
    with pytest.raises(RunError, match=rf"environment\.json is damaged: {message}; restore it from a copy"):
        assert run.record


def test_a_run_without_a_status_is_damaged_and_one_without_a_folder_is_not_finished(run, tmp_path):
    run.environment_file.write_text('{"format": 1}')
    with pytest.raises(RunError, match="status: field required"):
        assert run.finished
    assert not RunFolder(tmp_path / "none").finished


def test_changes_at_the_same_time_are_all_kept(run):
    def change(number):
        for step in range(10):
            run.update(**{f"later_{number}": step})

    threads = [threading.Thread(target=change, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run.record.to_dict() == WRITTEN | {f"later_{number}": 9 for number in range(4)}
