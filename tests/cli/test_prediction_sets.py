"""`--coverage` on `predict` and `evaluate`: sets in the table, CSV and JSON, figures, and what is refused."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import chestnut as package
from chestnut.inference.reference import PART
from chestnut.inference.run_bundle import change_run_bundle, read_run_bundle
from chestnut.runs.folder import RunFolder


@pytest.fixture
def copy(workspace, tmp_path):
    """A copy of the run, to be changed."""
    return shutil.copytree(workspace.run, tmp_path / "copy")


@pytest.mark.slow
def test_every_output_of_predict_names_the_same_sets(workspace, chestnut):
    given = ("predict", workspace.run, workspace.images / "PNEUMONIA", "--coverage", 0.8)
    status, said, _ = chestnut(*given, "--csv", "out.csv")
    assert status == 0
    rows = pd.read_csv(chestnut.folder / "out.csv")
    found = json.loads(chestnut(*given, "--json", "-")[1])
    named = [tuple(one["set"]) for one in found["images"]]
    assert [tuple(text.split("|")) for text in rows["set"]] == named and set(map(len, named)) <= {1, 2}
    rule = found["sets"]
    assert rule["coverage"] == 0.8 and not rule["per_class"] and rule["notes"] == []
    least = rule["least"]
    for one, names in zip(found["images"], named, strict=True):
        likeliest = max(one["probabilities"].values())
        assert set(names) == {name for name, p in one["probabilities"].items() if p >= least[name] or p == likeliest}
    sizes = pd.Series(map(len, named)).value_counts()
    assert found["set_sizes"] == {"1": sizes.get(1, 0), "2": sizes.get(2, 0)}
    one, both = (f"{sizes.get(number, 0):,}" for number in (1, 2))
    expected = f"sets at a coverage of 0.8 for new patients: {one} with one class, {both} with both"
    assert expected in " ".join(said.split())
    api = package.open_run(workspace.run).predict(workspace.images / "PNEUMONIA", coverage=0.8, quiet=True)
    assert api.sets == named


@pytest.mark.slow
def test_without_a_coverage_nothing_is_said_of_sets(workspace, chestnut):
    image = next((workspace.images / "NORMAL").glob("*.jpeg"))
    found = json.loads(chestnut("predict", workspace.run, image, "--json", "-")[1])
    assert found["sets"] is None and found["set_sizes"] == {} and "set" not in found["images"][0]
    assert "coverage" not in chestnut("predict", workspace.run, image)[1]


@pytest.mark.slow
def test_evaluate_measures_sets_and_keeps_them(workspace, copy, chestnut):
    status, said, _ = chestnut("evaluate", copy, "--coverage", 0.8)
    assert status == 0 and "Prediction sets at a coverage of 0.8 for all patients together" in said
    kept = json.loads((copy / "evaluation" / "test" / "metrics.json").read_text())
    sets, table = kept["sets"], pd.read_csv(copy / "evaluation" / "test" / "predictions.csv")
    assert sum(sets["sizes"].values()) == kept["images"] and sets["notes"] == []
    columns = table[["probability_NORMAL", "probability_PNEUMONIA"]].to_numpy()
    members = (columns >= np.array(list(sets["least"].values()))) | (columns == columns.max(axis=1, keepdims=True))
    hits = members[np.arange(len(table)), (table["label"] == "PNEUMONIA").astype(int)]
    expected = pd.Series(hits.astype(float)).groupby(table["patient"]).mean().mean()
    assert sets["covered"]["value"] == pytest.approx(expected)
    assert str(package.open_run(copy).folder.metrics("test")["sets"]["coverage"]) == "0.8"
    assert chestnut("evaluate", copy)[0] == 0  # and without a coverage they go
    assert json.loads((copy / "evaluation" / "test" / "metrics.json").read_text())["sets"] is None


@pytest.mark.slow
def test_what_coverage_says_nothing_is_noted(copy, elsewhere, chestnut):
    """Each class has eight validation patients at least, which is enough for 0.85."""
    status, said, _ = chestnut("evaluate", copy, "--split", "val", "--coverage", 0.85)
    assert status == 0 and "fitted on these images, so their coverage says nothing" in " ".join(said.split())
    found = json.loads(chestnut("evaluate", copy, elsewhere, "--coverage", 0.85, "--json", "-")[1])
    assert "measured, not promised" in found["sets"]["notes"][0]


@pytest.mark.slow
def test_a_class_of_too_few_patients_is_said(copy, chestnut):
    found = json.loads(chestnut("evaluate", copy, "--split", "val", "--coverage", 0.8, "--per-class", "--json", "-")[1])
    patients = found["sets"]["calibration_patients"]
    least, most = sorted(patients.values())
    assert found["sets"]["per_class"] and least < most, "the test below needs classes of different sizes"
    coverage = 1 - 1 / (most + 1)
    found = chestnut("evaluate", copy, "--split", "val", "--coverage", coverage, "--per-class", "--json", "-")[1]
    (rare,) = [name for name, count in patients.items() if count == least]
    assert any(
        note.startswith(f"every set contains {rare} ({least} patients)") for note in json.loads(found)["sets"]["notes"]
    )


@pytest.mark.parametrize("command", ["predict", pytest.param("evaluate", marks=pytest.mark.slow)])
def test_what_cannot_be_is_refused_in_one_line(command, workspace, copy, chestnut):
    image = next((workspace.images / "NORMAL").glob("*.jpeg"))
    what = [image] if command == "predict" else []
    for words, message in {
        ("--coverage", 1): "--coverage 1: give a share above 0 and below 1, such as 0.9",
        ("--coverage", 0): "--coverage 0: give a share above 0 and below 1",
        ("--coverage", "nan"): "give a share above 0 and below 1",
        ("--per-class",): "--per-class: give the coverage that each class is to have too, such as --coverage 0.9",
        ("--coverage", 0.999): "that takes calibration images of 999 patients, and there are ",
    }.items():
        status, out, said = chestnut(command, copy, *what, *words)
        assert status == 2 and out == "" and message in said and "Traceback" not in said
    change_run_bundle(RunFolder.open(copy), {PART: None})
    status, out, said = chestnut(command, copy, *what, "--coverage", 0.9)
    assert status == 2 and out == "" and f"add it with chestnut calibrate {copy}" in said
    assert chestnut(command, copy, *what)[0] == 0


@pytest.mark.slow
def test_calibrate_adds_the_reference_of_a_run_that_lacks_it(copy, chestnut):
    run = RunFolder.open(copy)
    before = read_run_bundle(run).parts[PART]
    change_run_bundle(run, {PART: None})
    assert chestnut("calibrate", copy)[0] == 0
    assert read_run_bundle(RunFolder.open(copy)).parts[PART] == before
    assert chestnut("evaluate", copy, "--coverage", 0.8)[0] == 0


@pytest.mark.slow
def test_stress_shows_what_becomes_of_the_promise(copy, chestnut):
    status, said, _ = chestnut("stress", copy, "--shift", "gamma-darker", "--coverage", 0.8)
    assert status == 0 and "Prediction sets at a coverage of 0.8 for all patients together" in " ".join(said.split())
    held = json.loads((copy / "evaluation" / "stress-partial" / "stress.json").read_text())["sets"]
    assert list(held["conditions"]) == ["plain", "gamma-darker"] and held["external"] is None
    assert chestnut("report", copy)[0] == 0
    page = (copy / "report.html").read_text()
    assert "promised: 0.8; fitted on the plain images of one half" in page
    status, out, said = chestnut("stress", copy, "--shift", "gamma-darker", "--coverage", 0.95)
    assert status == 2 and out == "" and "that takes 19 in each; give a lower coverage" in said
