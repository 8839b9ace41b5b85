"""The details of `chestnut evaluate`: on the terminal, in metrics.json, in the figures, and on the page of the run."""

import json
import shutil

import pytest

import chestnut as package
from chestnut.errors import DataError
from chestnut.evaluation.details.details import Details
from chestnut.runs.folder import RunFolder
from rewriting import change, rewrite


@pytest.fixture
def copy(workspace, tmp_path):
    """A copy of the run, to be changed."""
    return shutil.copytree(workspace.run, tmp_path / "copy")


def test_training_writes_the_details_of_the_validation_images(workspace):
    folder = workspace.run / "evaluation" / "val"
    (found,) = Details.from_dict(json.loads((folder / "metrics.json").read_text())["details"]).classes.values()
    assert found.patients.rule == "mean" and not found.decision_curve.stated
    assert (folder / "decision_curve.png").is_file()


@pytest.mark.slow
def test_a_stated_prevalence_and_a_rule_for_patients_are_kept(copy, chestnut):
    status, said, _ = chestnut("evaluate", copy, "--prevalence", 0.07, "--patients", "any")
    said = " ".join(said.split())
    assert status == 0 and "In more detail" in said
    for words in (
        "sensitivity at specificity 0.95",
        "precision at prevalence 0.07",
        "calibration slope",
        "net benefit above all and none",
        "a patient’s probability is the highest of those of the images",
    ):
        assert words in said
    kept = json.loads((copy / "evaluation" / "test" / "metrics.json").read_text())["details"]
    (found,) = Details.from_dict(kept).classes.values()
    assert (kept["prevalence"], found.decision_curve.prevalence, found.patients.rule) == (0.07, 0.07, "any")
    assert chestnut("report", copy)[0] == 0
    page = (copy / "report.html").read_text()
    assert "Precision at prevalence 0.07" in page and "computed for this page" not in page


@pytest.mark.slow
def test_the_page_computes_the_details_of_an_earlier_evaluation(copy, chestnut):
    file = copy / "evaluation" / "val" / "metrics.json"
    held = json.loads(file.read_text())
    del held["details"]
    rewrite(file, json.dumps(held))
    assert chestnut("report", copy)[0] == 0
    page = (copy / "report.html").read_text()
    assert "Calibration slope" in page and "computed for this page" in page
    (copy / "evaluation" / "val" / "predictions.csv").unlink()
    assert chestnut("report", copy)[0] == 0
    assert "Calibration slope" not in (copy / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"prevalence": 0}, "prevalence=0: give a share above 0 and below 1"), ({"patients": "all"}, "mean or any")],
)
def test_impossible_wishes_are_refused_before_any_look(workspace, options, message):
    with pytest.raises(DataError, match=message):
        package.open_run(workspace.run).evaluate("test", quiet=True, **options)
    assert not RunFolder.open(workspace.run).ledger_file.exists()


def test_the_command_line_names_its_options(workspace, chestnut):
    status, _, said = chestnut("evaluate", workspace.run, "--prevalence", 1.5)
    assert status == 2 and "--prevalence 1.5: give a share above 0 and below 1" in said
    status, _, said = chestnut("evaluate", workspace.run, "--patients", "each")
    assert status == 2 and "--patients each" in said and "give mean or any" in said


def test_damaged_details_are_told(copy, chestnut):
    file = copy / "evaluation" / "val" / "metrics.json"
    held = json.loads(file.read_text())["details"]
    held["classes"]["PNEUMONIA"]["line"] = 3
    change(file, details=held)
    status, _, said = chestnut("report", copy)
    assert status == 2 and "metrics.json is damaged: details" in said
