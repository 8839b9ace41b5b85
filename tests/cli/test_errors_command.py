"""`chestnut errors`: what a run decided wrongly, from an evaluation that is there already."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from chestnut.runs.folder import RunFolder


@pytest.fixture
def run(workspace, tmp_path_factory):
    """A copy of the trained run."""
    return shutil.copytree(workspace.run, tmp_path_factory.mktemp("errors") / "one")


@pytest.mark.slow
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
    after = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}
    assert {path.name for path in after.keys() - before.keys() if path.parent == run} == {"identities.csv"}
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
def test_pictures_have_maps_and_the_nearest_training_images_of_both_classes(chestnut, run):
    status, said, _ = chestnut("errors", run)
    assert status == 0 and "images of" in said and "mistakes.csv" in said
    found = json.loads((run / "errors" / "val" / "errors.json").read_text())
    manifest = pd.read_csv(run / "manifest.csv").set_index("path")
    for one in (*found["confident"], *found["narrow"]):
        near = one["neighbourhood"]["nearest"]
        assert [each["label"] for each in near] == ["NORMAL", "NORMAL", "PNEUMONIA", "PNEUMONIA"]
        assert {manifest.loc[each["path"], "split"] for each in near} == {"train"}
        assert one["patient"] not in {each["patient"] for each in near}
        assert sum(one["neighbourhood"]["labels"].values()) == one["neighbourhood"]["counted"] == 10
    page = (run / "errors" / "val" / "errors.html").read_text()
    assert page.count('class="card wrong"') >= len(found["confident"]) and "PNEUMONIA" in page
    assert not any(Path(one["path"]).name in page for one in found["narrow"])  # numbers stand for the names
    listed = pd.read_csv(run / "errors" / "val" / "mistakes.csv")
    assert listed["near_label"].between(0, 10).all()


@pytest.mark.slow
def test_another_data_set_is_looked_at_by_its_name(chestnut, run, elsewhere):
    assert chestnut("evaluate", run, elsewhere)[0] == 0
    (name,) = (path.name for path in (run / "evaluation").iterdir() if path.name != "val")
    status, said, _ = chestnut("errors", run, "--split", name, "--identities", "--json", "-")
    assert status == 0 and json.loads(said)["data"] == str(elsewhere)
    page = (run / "errors" / name / "errors.html").read_text()
    assert all(Path(one["path"]).name in page for one in json.loads(said)["narrow"])


@pytest.mark.slow
def test_images_that_are_gone_leave_the_table(chestnut, run, elsewhere, tmp_path):
    lost = shutil.copytree(elsewhere, tmp_path / "lost")
    assert chestnut("evaluate", run, lost)[0] == 0
    shutil.rmtree(lost)
    status, said, _ = chestnut("errors", run, "--split", "lost")
    assert status == 0 and "None of the images is there any more, so they are not shown or compared." in said
    listed = pd.read_csv(run / "errors" / "lost" / "mistakes.csv")
    assert len(listed) and "not there any more" in (run / "errors" / "lost" / "errors.html").read_text()


def test_a_method_that_does_not_exist_leaves_nothing(chestnut, run):
    status, _, said = chestnut("errors", run, "--method", "gradcan")
    assert status == 2 and "--method 'gradcan' is unknown; did you mean gradcam or gradcam++?" in said
    assert not (run / "errors").exists()


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
