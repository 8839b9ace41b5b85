"""The last line of every command: what to do next, as a command that is understood."""

import shlex
import shutil
from pathlib import Path

import pytest
import typer

from chestnut.cli import app
from chestnut.cli.shared.data_options import DataOptions
from chestnut.runs.folder import RunFolder

GROUP = typer.main.get_command(app)


def next_of(said):
    """The words of the next step, which the command line must understand."""
    last = said.strip().splitlines()[-1]
    assert last.startswith("Next: chestnut "), said
    command, *words = shlex.split(last)[2:]
    if words != ["--help"]:
        GROUP.commands[command].make_context(command, list(words))
    return [command, *words]


@pytest.fixture
def run(workspace, tmp_path):
    return shutil.copytree(workspace.run, tmp_path / "a run")


def test_commands_on_data_end_with_the_next_step(chestnut, workspace):
    data = workspace.images
    status, _, said = chestnut("phantom", "few images", "--patients", 4, "--size", 32)
    assert status == 0 and next_of(said) == ["audit", "few images"]
    for words, step in (
        (["info", data], ["audit", str(data)]),
        (["show", data, "--each", 1, "--positive", "NORMAL"], ["audit", str(data), "--positive", "NORMAL"]),
        (["split", data, "--out", "my split.csv"], ["train", "my split.csv"]),
        (["split", data, "--out", "folds.csv", "--folds", 3], ["info", "folds.csv"]),
        (["augment", data, "more"], ["train", "more"]),
        (["recipes"], ["recipes", "cnn-small", "--layers"]),
        (["recipes", "mlp"], ["recipes", "mlp", "--layers"]),
    ):
        status, out, said = chestnut(*words)
        assert status == 0 and next_of(said) == step
        assert "Next:" not in out


def test_the_next_step_of_a_run_follows_what_was_done(chestnut, run):
    def step(*words):
        status, _, said = chestnut(*words)
        assert status == 0, said
        return next_of(said)

    assert step("runs", run.parent) == ["info", str(run)]
    assert step("info", run) == ["evaluate", str(run), "--split", "test"]
    (run / "evaluation" / "test").mkdir()
    shutil.copy(run / "evaluation" / "val" / "metrics.json", run / "evaluation" / "test")
    assert step("info", run) == ["report", str(run)]
    assert step("report", run, "--out", "page.html") == ["stress", str(run)]
    (run / "report.html").touch()
    (run / "evaluation" / "stress").mkdir()
    command, folder, image = step("info", run)
    assert (command, folder) == ("predict", str(run)) and Path(image).is_file()
    (run / "state").mkdir()  # left by a kill after training had ended
    assert step("info", run)[0] == "predict"
    RunFolder(run).update(status="stopped")
    assert step("info", run) == ["train", "--resume", str(run)]


def test_judging_and_diagnosing_end_with_the_next_step(chestnut, run, workspace):
    for words, step in (
        (["evaluate", run, "--split", "val", "--threshold", "0.3"], ["report", str(run)]),
        (["diagnose", run], ["evaluate", str(run), "--split", "test"]),
    ):
        status, out, said = chestnut(*words)
        assert status == 0 and next_of(said) == step
        assert "Next:" not in out
    status, out, said = chestnut("audit", workspace.images, "--size", 48)
    assert status == 0 and next_of(said) == ["train", str(workspace.images)]


def test_json_on_standard_output_stands_alone(chestnut, workspace):
    _, _, said = chestnut("info", workspace.run, "--json", "-")
    assert "Next:" not in said


def test_data_options_are_written_as_they_were_given():
    options = DataOptions("a b.csv", ["label=x", "path=y"], "(p.*)_", "(s.*)_", "COVID", True)
    words = options.words()
    given = GROUP.commands["info"].make_context("info", ["data", *words]).params
    assert (str(given["labels"]), given["column"]) == ("a b.csv", ["label=x", "path=y"])
    assert (given["patient_regex"], given["source_regex"]) == ("(p.*)_", "(s.*)_")
    assert (given["positive"], given["skip_bad"]) == ("COVID", True)
    assert DataOptions().words() == []
