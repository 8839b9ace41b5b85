"""`chestnut errors`: what a run decided wrongly, from an evaluation that is there already."""

import json
import shutil

import pandas as pd
import pytest

from chestnut.runs.folder import RunFolder


@pytest.fixture
def run(workspace, tmp_path_factory):
    """A copy of the trained run."""
    return shutil.copytree(workspace.run, tmp_path_factory.mktemp("errors") / "one")


def test_every_wrong_decision_is_listed_and_nothing_else_of_the_run_changes(chestnut, run):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}
    status, said, _ = chestnut("errors", run, "--json", "-")
    assert status == 0
    found = json.loads(said)
    predicted = pd.read_csv(run / "evaluation" / "val" / "predictions.csv")
    wrong = predicted[predicted["label"] != predicted["decision"]]
    listed = pd.read_csv(run / "errors" / "val" / "mistakes.csv")
    assert sorted(listed["path"]) == sorted(wrong["path"])
    assert listed["probability_label"].is_monotonic_increasing
    assert found["mistakes"] == len(wrong) == sum(one["mistakes"] for one in found["by_class"])
    assert (found["images"], found["split"]) == (len(predicted), "val")
    saved = json.loads((run / "errors" / "val" / "errors.json").read_text())
    assert {**saved, "run": str(run), "out": str(run / "errors" / "val")} == {**found, "when": saved["when"]}
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("test", "has no evaluation 'test'; to make it, run chestnut evaluate {run} --split test"),
        ("other-hospital", "has no evaluation 'other-hospital'; to make it, run chestnut evaluate {run} DATA"),
        ("../evaluation/val", "the split '../evaluation/val': it contains /, which separates folders"),
    ],
)
def test_an_evaluation_that_is_not_there_is_not_made(chestnut, run, split, message):
    status, _, said = chestnut("errors", run, "--split", split)
    assert status == 2 and message.format(run=run) in said
    assert not (run / "errors").exists() and not (run / "ledger.json").exists()


def test_an_evaluation_of_another_network_is_refused(chestnut, run):
    path = run / "evaluation" / "val" / "metrics.json"
    values = json.loads(path.read_text())
    RunFolder.open(run).write(path, json.dumps({**values, "weights": "0"}))
    status, _, said = chestnut("errors", run)
    assert status == 2 and "is of another network than the run has now; run chestnut evaluate" in said
