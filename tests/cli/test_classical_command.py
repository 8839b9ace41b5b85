"""The classical baselines from the command line: train, evaluate, predict, report, diagnose, resume."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from calling import call
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.keras_engine import load_network
from chestnut.runs.folder import RunFolder

SETTINGS = {
    "pca-svm": ["model.components=10", "model.costs=[1.0, 10.0]", "model.gammas=[1.0]"],
    "hog-logistic": ["model.costs=[0.1, 1.0]", "model.orientations=6"],
}
SPLIT = ("--set=data.fractions=[0.6,0.2,0.2]", "--no-audit", "--set=model.folds=3")
SIZES = ("--set=input.height=32", "--set=input.width=32")


def words(images, recipe, name):
    settings = [f"--set={setting}" for setting in SETTINGS[recipe]]
    return ["train", images, "--recipe", recipe, "--name", name, *SPLIT, *SIZES, *settings]


@pytest.fixture(scope="module", params=[pytest.param("pca-svm", marks=pytest.mark.slow), "hog-logistic"])
def fitted(request, workspace, tmp_path_factory):
    """A folder in which a baseline has been fitted."""
    folder = tmp_path_factory.mktemp(request.param)
    assert call(words(workspace.images, request.param, "one"), folder) == 0
    return folder


def test_a_fitted_run_is_a_run_like_any_other(fitted, workspace, capsys):
    run = RunFolder.open(fitted / "runs" / "one")
    record = run.record
    assert (record.status, record.stopped_by, record.best_epoch, record.epochs) == ("finished", "epochs", 1, 1)
    assert record.fitted["C"] in run.recipe.model.costs
    assert record.fitted["inner_auroc"] > 0.6
    assert record.trained_parameters <= record.parameters
    assert {"loss", "accuracy", "val_loss", "val_auroc", "seconds"} <= set(run.history.columns)
    assert len(run.history) == 1
    assert not run.state.exists()
    capsys.readouterr()
    assert call(["evaluate", run.path, "--split", "test"]) == 0
    assert run.metrics("test")["metrics"]["auroc"]["value"] is not None
    assert call(["predict", run.path, workspace.images, "--csv", fitted / "answers.csv"]) == 0
    answers = pd.read_csv(fitted / "answers.csv")
    columns = [name for name in answers if name.startswith("probability_")]
    np.testing.assert_allclose(answers[columns].sum(axis=1), 1, atol=1e-5)
    assert call(["report", run.path]) == 0
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "Fitted" in page
    assert "inner AUROC" in page
    assert "Optimiser" not in page
    capsys.readouterr()
    assert call(["diagnose", run.path, "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)["runs"][0]
    assert found["advice"] == []
    assert set(found["skipped"].values()) == {f"{run.recipe.model.network} is fitted, not trained in steps"}


@pytest.mark.slow
def test_a_fit_that_was_killed_starts_anew_and_ends_the_same(fitted, tmp_path, capsys):
    shutil.copytree(fitted / "runs" / "one", tmp_path / "killed")
    run = RunFolder.open(tmp_path / "killed")
    whole = load_network(Bundle.read(run.bundle).model_file).get_weights()
    shutil.rmtree(run.bundle)
    run.history_file.unlink()
    run.update(status="training")
    assert call(["train", "--resume", run.path]) == 0
    assert run.record.status == "finished"
    for ours, theirs in zip(load_network(Bundle.read(run.bundle).model_file).get_weights(), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("recipe", "change", "said"),
    [
        ("pca-svm", "model.components=5000", "model.components is 5000"),
        ("pca-svm", "model.components=150", "model.components is 150, but a fold of the search has only"),
        ("pca-svm", "model.folds=100", "model.folds of the training images: 100 folds; give 2 to"),
        ("hog-logistic", "model.cell=30", "32×32 has 1×1 cells of 30 pixels, but a block needs 2×2"),
        ("hog-logistic", "augment.flip=true", "[augment] does not apply to hog-logistic"),
    ],
)
def test_what_cannot_be_fitted_is_one_line_and_leaves_nothing(recipe, change, said, workspace, chestnut):
    status, _, error = chestnut(*words(workspace.images, recipe, "bad"), f"--set={change}")
    lines = [line for line in error.splitlines() if line.startswith("error:")]
    assert status == 2
    assert len(lines) == 1
    assert said in " ".join(error.split())
    assert not (chestnut.folder / "runs" / "bad").exists()
