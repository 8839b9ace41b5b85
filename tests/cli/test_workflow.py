"""The main job as a user does it: from images to a report, one command after the other."""

import json
import shutil

import pandas as pd
import pytest

from chestnut.config import Recipe
from tiny import TINY


@pytest.fixture
def run(workspace, tmp_path):
    """A copy of the trained run that a test may change."""
    return shutil.copytree(workspace.run, tmp_path / "copy")


def read(text):
    """A command's JSON on standard output."""
    return json.loads(text)


def test_training_leaves_a_whole_run_folder(workspace):
    made = {str(path.relative_to(workspace.run)) for path in workspace.run.rglob("*") if path.is_file()}
    expected = "recipe.toml manifest.csv data.json environment.json history.csv audit.json bundle/model.keras "
    expected += "bundle/bundle.json evaluation/val/metrics.json evaluation/val/predictions.csv figures/history.png"
    assert set(expected.split()) <= made
    assert any(name.startswith("tensorboard/events") for name in made)
    assert not (workspace.run / "state").exists()
    assert json.loads((workspace.run / "environment.json").read_text())["status"] == "finished"
    recipe = Recipe.from_toml((workspace.run / "recipe.toml").read_text())
    assert (recipe.model.filters, recipe.train.precision) == ((8,), "float32")


def test_no_patient_stands_in_two_splits(workspace):
    rows = pd.read_csv(workspace.run / "manifest.csv")
    assert (rows.groupby("patient")["split"].nunique() == 1).all()
    assert rows["sha256"].str.len().eq(64).all()


def test_a_resolved_recipe_repeats_the_run(workspace, chestnut):
    words = ["train", workspace.images, "--recipe", workspace.run / "recipe.toml", "--name", "again", "--no-audit"]
    status, _, said = chestnut(*words)
    assert status == 0, said
    ours, again = (pd.read_csv(path / "history.csv") for path in (workspace.run, chestnut.folder / "runs" / "again"))
    columns = ["loss", "accuracy", "val_loss", "val_auroc"]
    pd.testing.assert_frame_equal(ours[columns], again[columns], check_exact=True)


def test_every_look_at_the_test_split_is_counted(run, chestnut):
    for number in (1, 2):
        status, out, _ = chestnut("evaluate", run, "--split", "test", "--json", "-")
        result = read(out)
        assert status == 0
        assert f"look {number} at a test split by this run" in result["notes"]
        assert 0 <= result["metrics"]["auroc"]["low"] <= result["metrics"]["auroc"]["high"] <= 1
    ledger = json.loads((run / "ledger.json").read_text())
    assert [look["command"] for look in ledger] == [f"chestnut evaluate {run} --split test --json -"] * 2
    chestnut("evaluate", run, "--split", "val")
    assert len(json.loads((run / "ledger.json").read_text())) == 2


def test_evaluation_writes_aligned_predictions_and_figures(run, chestnut):
    chestnut("evaluate", run, "--split", "test")
    folder = run / "evaluation" / "test"
    rows = pd.read_csv(folder / "predictions.csv")
    manifest = pd.read_csv(run / "manifest.csv").query("split == 'test'")
    assert rows["patient"].tolist() == manifest["patient"].tolist()
    assert ((rows["probability_NORMAL"] + rows["probability_PNEUMONIA"]).round(6) == 1).all()
    positive = rows["probability_PNEUMONIA"] >= 0.5
    assert (positive == (rows["decision"] == "PNEUMONIA")).all()
    assert {path.name for path in folder.glob("*.png")} == {
        "confusion.png", "decision_curve.png", "roc.png", "precision_recall.png", "reliability.png"
    }  # fmt: skip


def test_prediction_agrees_with_evaluation(run, chestnut, tmp_path):
    chestnut("evaluate", run, "--split", "test")
    rows = pd.read_csv(run / "evaluation" / "test" / "predictions.csv").head(5)
    status, out, _ = chestnut("predict", run, *rows["path"], "--csv", tmp_path / "p.csv", "--json", "-")
    assert status == 0
    ours = [image["probabilities"]["PNEUMONIA"] for image in read(out)["images"]]
    assert ours == pytest.approx(rows["probability_PNEUMONIA"].tolist(), abs=1e-6)
    written = pd.read_csv(tmp_path / "p.csv")
    assert written["path"].tolist() == rows["path"].tolist()
    assert written["threshold"].eq(0.5).all()


def test_images_from_elsewhere_are_external_and_a_look_at_another_test_set(run, elsewhere, chestnut):
    status, out, _ = chestnut("evaluate", run, elsewhere, "--json", "-")
    assert status == 0 and "look 1 at a test split by this run" in read(out)["notes"]
    held = json.loads((run / "evaluation" / "images" / "metrics.json").read_text())
    assert held["overlap"] == {"train": 0, "val": 0, "test": 0}
    assert [look["data"] for look in json.loads((run / "ledger.json").read_text())] == [str(elsewhere)]
    chestnut("report", run)
    assert "External data: images" in (run / "report.html").read_text()


def test_images_seen_in_training_are_counted_and_the_data_not_called_external(run, elsewhere, chestnut, tmp_path):
    mixed = shutil.copytree(elsewhere, tmp_path / "mixed")
    rows = pd.read_csv(run / "manifest.csv", dtype=str)
    for split, count in (("train", 5), ("val", 2), ("test", 3)):
        for number, row in enumerate(rows[rows["split"] == split].head(count).itertuples()):
            shutil.copy(row.path, mixed / row.label / f"new-{split}{number}.jpeg")
    status, out, _ = chestnut("evaluate", run, mixed, "--split", "val", "--json", "-")
    result = read(out)
    assert status == 0
    images, words = result["images"], "images were used in training or validation"
    assert f"7 of {images} {words}, 3 of {images} images are in the run's test split" in result["notes"]
    held = json.loads((run / "evaluation" / "mixed" / "metrics.json").read_text())
    assert held["overlap"] == {"train": 5, "val": 2, "test": 3}
    (look,) = json.loads((run / "ledger.json").read_text())
    root = json.loads((run / "data.json").read_text())["root"]
    assert (look["images"], look["data"]) == (3, root)
    chestnut("report", run)
    page = (run / "report.html").read_text()
    assert f"Other data: mixed; 7 of {images} {words}" in page and "External data" not in page


@pytest.mark.parametrize("split", ["test", "val"])
def test_the_runs_own_images_are_no_other_data_set(run, workspace, chestnut, split):
    status, _, said = chestnut("evaluate", run, workspace.images, "--split", split)
    assert status == 2 and "are the run's own" in said and "name the split and give no other data set" in said
    assert not (run / "ledger.json").exists() and not (run / "evaluation" / "images").exists()


def test_report_info_and_runs_tell_of_the_run(run, chestnut):
    chestnut("evaluate", run, "--split", "test")
    status, out, _ = chestnut("report", run)
    page = (run / "report.html").read_text()
    assert status == 0 and str(run / "report.html") in out
    assert "ynthetic" in page and 'src="http' not in page
    status, out, _ = chestnut("info", run)
    assert status == 0 and "looks at test" in out
    status, out, _ = chestnut("runs", run.parent)
    assert status == 0 and "cnn-small" in out


def test_info_and_show_describe_data(workspace, chestnut, tmp_path):
    status, out, _ = chestnut("info", workspace.images, "--json", "-")
    told = read(out)
    assert status == 0
    assert told["synthetic"] and told["classes"] == ["NORMAL", "PNEUMONIA"]
    assert sum(kind["images"] for kind in told["formats"]) == told["images"]
    status, out, _ = chestnut("show", workspace.images, "--out", tmp_path / "grid.png", "--each", 3)
    assert status == 0 and (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")


def test_recipes_are_listed_and_printed(chestnut):
    status, out, _ = chestnut("recipes")
    assert status == 0 and "3,300,482" in out and "180×180×1" in out
    status, out, _ = chestnut("recipes", "cnn-gap")
    assert status == 0 and Recipe.from_toml(out).model.gather == "average"


def test_progress_goes_to_standard_error_and_json_alone_to_standard_output(workspace, chestnut):
    status, out, said = chestnut("train", workspace.images, "--no-audit", "--json", "-", *TINY, "--set=train.epochs=1")
    assert status == 0
    assert read(out)["epochs"] == 1
    assert "epoch   1" in said and "\x1b" not in said
