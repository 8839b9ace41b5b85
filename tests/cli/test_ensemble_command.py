"""`chestnut ensemble`: a run like any other, honest splits, and what it refuses before anything is written."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import chestnut as cn
from calling import call
from chestnut.data.manifest import Manifest
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.runs.folder import RunFolder
from chestnut.runs.ledger import Look
from rewriting import change, rewrite
from tiny import TINY


@pytest.fixture(scope="module")
def runs(workspace, tmp_path_factory):
    """Two runs on one split: the shared one, and one of a sigmoid head and three channels."""
    folder = tmp_path_factory.mktemp("members")
    shutil.copytree(workspace.run, folder / "one")
    given = ["train", workspace.run / "manifest.csv", "--runs", folder, "--no-audit", *TINY, "--set=train.epochs=1"]
    assert call([*given, "--name=two", "--set=model.head=sigmoid", "--set=input.channels=3"], folder) == 0
    return folder


@pytest.fixture(scope="module")
def made(runs):
    words = ["ensemble", runs / "one", runs / "two", "--runs", runs / "out", "--name=mean"]
    assert call([*words, "--json", runs / "mean.json"], runs) == 0
    return RunFolder.open(runs / "out" / "mean")


def test_an_ensemble_predicts_the_mean(made, runs):
    told = json.loads((runs / "mean.json").read_text())
    assert [Path(one["run"]).name for one in told["members"]] == ["one", "two"]
    assert told["validation"]["images"] > 0 and told["status"] == "finished"
    change(runs / "two" / "bundle" / "bundle.json", temperature=2.5, calibration=None)
    again = cn.ensemble([str(runs / "two"), cn.open_run(runs / "one")], path=runs / "again")
    change(runs / "two" / "bundle" / "bundle.json", temperature=1.0)
    images = sorted(Path(path) for path in Manifest.read(made.manifest_file, made.facts).paths)[:6]
    for run, temperature in ((cn.Run(made), 1.0), (again, 2.5)):
        held = [cn.open_run(runs / name).predict([*images]).probabilities for name in ("one", "two")]
        if temperature != 1:
            sharp = held[1] ** (1 / temperature)
            held[1] = sharp / sharp.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(run.predict([*images]).probabilities, np.mean(held, axis=0), atol=1e-6)


def test_an_ensemble_keeps_the_split_and_says_what_it_is(made, runs):
    own, first = (Manifest.read(run.manifest_file, run.facts) for run in (made, RunFolder(runs / "one")))
    assert dict(zip(own.paths, own.frame["split"], strict=True)) == dict(
        zip(first.paths, first.frame["split"], strict=True)
    )
    assert own.synthetic and own.classes == first.classes
    assert made.recipe.input.channels == 1
    assert made.recipe.model.members == tuple(str(runs / name) for name in ("one", "two"))
    assert made.record.parameters == sum(RunFolder(runs / name).record.parameters for name in ("one", "two"))
    assert list(made.path.parent.glob(".*")) == []
    assert set(read_run_bundle(made).parts) >= {"conformal.npz"}


def test_commands_take_it_as_a_run(made, chestnut):
    copy = chestnut.folder / "mean"
    shutil.copytree(made.path, copy)
    manifest = pd.read_csv(copy / "manifest.csv")
    image = manifest["path"][0]
    for words in (["evaluate", copy, "--split", "test"], ["report", copy], ["predict", copy, image]):
        status, _, told = chestnut(*words)
        assert status == 0, told
    status, out, _ = chestnut("info", copy)
    assert status == 0 and out.count("member") >= 2 and "ensemble: mean of the calibrated" in out
    status, out, _ = chestnut("runs", copy.parent)
    assert status == 0 and "ensemble" in out
    assert len(RunFolder(copy).ledger.looks) == 1
    page = (copy / "report.html").read_text()
    for words in (
        "averages the calibrated probabilities of its members",
        "chestnut ensemble",
        f"…/{Path(made.recipe.model.members[1]).name}",
    ):
        assert words in page
    assert str(made.recipe.model.members[1]) not in page
    assert "No epoch has ended" not in page and "The test split is unread" not in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["diagnose", "RUN"], "is an ensemble, which is not trained and has no learning curves; diagnose its members"),
        (["finetune", "RUN"], "is an ensemble, which is not trained; fine-tune its members, such as "),
        (["train", "IMAGES", "--recipe", "RUN/recipe.toml"], "this recipe describes an ensemble of 2 runs"),
        (["train", "--resume", "RUN"], "has finished, so there is nothing to resume"),
    ],
)
def test_what_trains_refuses_it(chestnut, made, workspace, words, said):
    known = {"IMAGES": str(workspace.images)}
    status, _, told = chestnut(*(known.get(word, word.replace("RUN", str(made.path))) for word in words))
    assert status == 2 and said in told and "Traceback" not in told
    assert list(chestnut.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("which", "file", "values", "said"),
    [
        (["one"], None, {}, "1 run given; an ensemble needs two or more"),
        (["one", "one"], None, {}, "is given twice; give each run once"),
        (["one", "copy"], None, {}, "has the same weights as "),
        (["one", "nowhere"], None, {}, "no run folder "),
        (
            ["two", "copy"],
            "bundle/bundle.json",
            {"classes": ["NORMAL", "COVID"], "positive": "COVID"},
            "the runs differ in classes: NORMAL",
        ),
        (["two", "copy"], "bundle/bundle.json", {"sha256": {"model.keras": "0" * 64}}, "was changed after training"),
        (["two", "copy"], "environment.json", {"status": "stopped"}, "has not finished (status stopped); resume"),
    ],
)
def test_bad_input_is_one_line_and_nothing_written(chestnut, runs, tmp_path_factory, which, file, values, said):
    copy = tmp_path_factory.mktemp("bad") / "copy"
    shutil.copytree(runs / "one", copy)
    if file:
        change(copy / file, **values)
    refused(chestnut, [copy if name == "copy" else runs / name for name in which], said)


@pytest.mark.parametrize(
    ("field", "value"),
    [("height", 48), ("resize", "fit"), ("intensity", "clahe"), ("variants", "flip")],
)
def test_runs_of_other_inputs_are_refused(chestnut, runs, tmp_path_factory, field, value):
    copy = tmp_path_factory.mktemp("bad") / "copy"
    shutil.copytree(runs / "one", copy)
    spec = json.loads((copy / "bundle" / "bundle.json").read_text())["input"]
    change(copy / "bundle" / "bundle.json", input=spec | {field: value})
    refused(chestnut, [runs / "two", copy], f"the runs differ in input.{field}: {spec[field]} in ")


def refused(chestnut, members, said):
    status, out, told = chestnut("ensemble", *members)
    errors = [line for line in told.splitlines() if line.startswith("error: ")]
    assert status == 2 and len(errors) == 1 and out == "" and "Traceback" not in told, told
    assert said in errors[0]
    assert list(chestnut.folder.iterdir()) == []


def test_a_taken_name_is_refused(chestnut, made):
    status, _, told = chestnut("ensemble", made.path, made.path, "--runs", made.path.parent, "--name", "mean")
    assert status == 2 and "exists already; choose another name" in told


def test_folds_of_a_cross_validation_leave_nothing_to_judge_by(runs, tmp_path):
    folds = []
    for number, name in enumerate(("one", "two")):
        shutil.copytree(runs / name, tmp_path / name)
        run = RunFolder(tmp_path / name)
        run.update(holdout=f"fold {number + 1} of 2")
        frame = pd.read_csv(runs / name / "manifest.csv", dtype=str, keep_default_na=False)
        held = frame["patient"].rank(method="dense").astype(int) % 2 == number
        moved = frame.assign(split=["test" if one else "train" for one in held])
        rewrite(run.manifest_file, moved.to_csv(index=False))
        folds.append(tmp_path / name)
    found = cn.ensemble(folds, path=tmp_path / "mean")
    notes = " ".join(found.folder.facts["notes"])
    assert "no image is left to evaluate the ensemble on" in notes
    assert f"out-of-fold figures, {tmp_path / 'crossval.html'}" in notes
    assert found.folder.evaluations() == []
    assert found.report().is_file()


def test_it_stands_also_where_the_images_are_gone(runs, tmp_path, caplog):
    for name in ("one", "two"):
        shutil.copytree(runs / name, tmp_path / name)
        frame = pd.read_csv(tmp_path / name / "manifest.csv", dtype=str, keep_default_na=False)
        frame["path"] = "/nowhere/" + frame["path"].str.rsplit("/", n=1).str[1]
        rewrite(tmp_path / name / "manifest.csv", frame.to_csv(index=False))
    RunFolder(tmp_path / "one").ledger.enter(Look("2026-01-01T00:00:00+00:00", "a command", "0", 3))
    found = cn.ensemble([tmp_path / "one", tmp_path / "two"], path=tmp_path / "mean")
    assert "the members were evaluated on test images 1 time;" in " ".join(found.folder.facts["notes"])
    assert found.folder.evaluations() == []
    assert found.folder.record.status == "finished"


SEEDS = [*TINY, "--set=train.epochs=1", "--recipe=cnn-small"]


@pytest.fixture(scope="module")
def trained(workspace, tmp_path_factory):
    """An ensemble of two seeds, made by one command."""
    folder = tmp_path_factory.mktemp("seeds")
    words = ["ensemble", workspace.images, *SEEDS, "--seeds=2", "--set=seed=4", "--name=two"]
    assert call([*words, "--json", folder / "two.json"], folder) == 0
    return folder / "runs" / "two"


@pytest.mark.slow
def test_seeds_are_trained_on_one_split_and_joined(trained):
    told = json.loads((trained.parents[1] / "two.json").read_text())
    assert Path(told["run"]).name == "ensemble" and told["validation"]["images"] > 0
    assert [(Path(one["run"]).name, one["seed"]) for one in told["members"]] == [
        ("cnn-small-s4", 4),
        ("cnn-small-s5", 5),
    ]
    splits = [
        pd.read_csv(trained / name / "manifest.csv").set_index("path")["split"].to_dict()
        for name in ("cnn-small-s4", "cnn-small-s5", "ensemble")
    ]
    assert splits[0] == splits[1] == splits[2]
    page = (trained / "comparison.html").read_text()
    assert "Seeds of an ensemble" in page and "cnn-small was trained with 2 seeds" in page
    assert "Who is better" not in page and "chestnut ensemble --resume" in page
    members = [cn.open_run(trained / name) for name in ("cnn-small-s4", "cnn-small-s5")]
    assert members[0].folder.record.hashes != members[1].folder.record.hashes


@pytest.mark.slow
def test_the_same_command_and_resume_keep_what_is_there(trained, workspace, chestnut, tmp_path):
    copy = tmp_path / "runs" / "two"
    shutil.copytree(trained, copy)
    before = (copy / "ensemble" / "bundle" / "bundle.json").read_bytes()
    words = [workspace.images, *SEEDS, "--seeds=2", "--set=seed=4", "--name=two", "--runs", copy.parent]
    status, _, told = chestnut("ensemble", *words, "--set=optim.learning_rate=0.5")
    assert status == 2 and "contains an ensemble that differs in" in told
    for given in (words, ["--resume", copy]):
        status, _, told = chestnut("ensemble", *given)
        assert status == 0, told
        assert (copy / "ensemble" / "bundle" / "bundle.json").read_bytes() == before
    shutil.rmtree(copy / "ensemble")
    shutil.rmtree(copy / "cnn-small-s5")
    run = cn.resume(copy, quiet=True)
    assert run.path == copy / "ensemble" and len(run.folder.record.members) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["IMAGES", "--recipe=cnn-small", "--seeds=1"], "--seeds 1: give 2 or more networks; chestnut train makes one"),
        (["IMAGES", "IMAGES", "--recipe=cnn-small"], "--recipe trains on one data set, but 2 are given"),
        (["RUN", "RUN", "--seeds=2"], "give DATA and --recipe to train new ones"),
        (["RUN", "RUN", "--set=seed=2"], "give DATA and --recipe to train new ones"),
        (["RUN", "RUN", "--engine=ray"], "give DATA and --recipe to train new ones"),
        (["IMAGES", "--resume", "RUN"], "--resume continues an ensemble with its own terms; leave out DATA"),
        (["--resume", "RUN"], "is no ensemble: it has no plan.json"),
        (["--resume", "nowhere"], "nowhere"),
        ([], "0 runs given; an ensemble needs two or more"),
        (["IMAGES", "--recipe=robust-ensembl"], "no recipe 'robust-ensembl'"),
    ],
)
def test_terms_that_do_not_fit_are_refused(chestnut, made, workspace, words, said):
    known = {"IMAGES": workspace.images, "RUN": made.path}
    status, _, told = chestnut("ensemble", *(known.get(word, word) for word in words))
    errors = [line for line in told.splitlines() if line.startswith("error: ")]
    assert status == 2 and len(errors) == 1 and said in errors[0], told
    assert list(chestnut.folder.iterdir()) == []


@pytest.mark.slow
def test_a_comparison_is_no_ensemble(chestnut, trained, tmp_path):
    copy = tmp_path / "other"
    shutil.copytree(trained, copy)
    plan = json.loads((copy / "plan.json").read_text())
    plan["variants"].append(plan["variants"][0] | {"name": "more"})
    (copy / "plan.json").write_text(json.dumps(plan))
    status, _, told = chestnut("ensemble", "--resume", copy)
    assert status == 2 and "contains a comparison, no ensemble" in told
