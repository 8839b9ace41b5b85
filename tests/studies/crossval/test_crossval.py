"""A cross-validation from its plan to its page: its folds and predictions, resuming, and refusing another plan."""

import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

import chestnut as cn
from chestnut.data.folds import deal, hold_out, pool
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, RunError
from chestnut.evaluation.metric_names import METRICS
from chestnut.files.json_files import read_json
from chestnut.jobs.run_all import JobOptions
from chestnut.report.pages.crossval import write_crossval_page
from chestnut.studies.crossval.crossval import crossval
from chestnut.studies.crossval.plan import CrossFolder
from drawn_crossval import Drawn, begin


@pytest.fixture(scope="module")
def made(images, tmp_path_factory):
    """Return folder, result and engine of a cross-validation with two folds and two repeats."""
    folder = begin(images, tmp_path_factory.mktemp("made") / "one")
    engine = Drawn()
    return folder, crossval(folder, JobOptions(engine, command="chestnut crossval images")), engine


@st.composite
def tables(draw):
    """Draw manifests of two classes in which patients have up to three images, and some images have copies."""
    rows = []
    for patient in range(draw(st.integers(12, 30))):
        for image in range(draw(st.integers(1, 3))):
            path = f"/{patient}-{image}.png"
            known = {"label": "AB"[patient % 2], "patient": str(patient)}
            rows.append({"path": path, **known})
            rows += [{"path": f"{path}~{n}", **known, "copy_of": path} for n in range(draw(st.integers(0, 2)))]
    return Manifest.build(rows, "/data")


@settings(max_examples=25, deadline=None)
@given(tables(), st.integers(2, 4), st.integers(0, 5))
def test_folds_separate_patients_and_contain_no_copies(data, k, seed):
    pooled = pool(data)
    originals = set(pooled.originals().paths)
    for dealt in deal(pooled, k, seed, repeats=2):
        held = []
        for fold in range(k):
            frame = hold_out(pooled, dealt == fold, (0.7, 0.15, 0.15), seed).frame
            groups = {name: set(frame.loc[frame["split"] == name, "patient"]) for name in ("train", "val", "test")}
            assert not (groups["train"] & groups["val"]) | (groups["test"] & (groups["train"] | groups["val"]))
            assert (frame.loc[frame["split"] != "train", "copy_of"] == "").all()
            assert originals <= set(frame["path"])
            held += frame.loc[frame["split"] == "test", "path"].tolist()
        assert sorted(held) == sorted(originals)


def test_the_test_split_of_the_data_is_not_used():
    splits = ["train", "val", "test", "train", "train"]
    rows = [{"path": f"/{n}", "label": "A", "patient": str(n), "split": name} for n, name in enumerate(splits)]
    rows[4] |= {"patient": "2", "copy_of": "/2"}
    pooled = pool(Manifest.build(rows, "/data"))
    assert pooled.paths == ["/0", "/1", "/3"] and pooled.splits == ()
    assert "the data's own test split, 1 images, takes no part" in " ".join(pooled.notes)
    with pytest.raises(DataError, match="have no split while others do"):
        pool(Manifest.build([*rows, {"path": "/9", "label": "A", "patient": "9"}], "/data"))


def test_every_image_is_predicted_once_in_each_repeat_by_a_run_that_has_not_seen_its_patient(made):
    folder, result, engine = made
    assert engine.done == ["repeat1-fold1", "repeat1-fold2", "repeat2-fold1", "repeat2-fold2"]
    frame = pd.read_csv(folder.predictions_file)
    everything = sorted(cn.load_dataset(folder.facts["root"]).paths)
    for _, once in frame.groupby("repeat"):
        assert sorted(once["path"]) == everything
        assert once.groupby("patient")["fold"].nunique().eq(1).all()
    for part in result.parts:
        run = folder.run(next(one for one in folder.plan.parts if one.name == part.name))
        rows = pd.read_csv(run.manifest_file)
        held = frame[(frame["fold"] == part.fold) & (frame["repeat"] == part.repeat)]
        assert sorted(rows.loc[rows["split"] == "test", "path"]) == sorted(held["path"])
        seen = rows.loc[rows["split"] != "test"]
        assert set(seen["split"]) == {"train", "val"} and not set(seen["patient"]) & set(held["patient"])
        assert run.recipe.seed == part.seed
    assert [part.seed for part in result.parts] == [3, 4, 5, 6]


def test_figures_agree_with_scikit_learn(made):
    folder, result, _ = made
    frame = pd.read_csv(folder.predictions_file)
    positive = result.pooled.positive

    def expected(rows):
        truth, values = rows["label"] == positive, rows[f"probability_{positive}"]
        found = roc_auc_score(truth, values), accuracy_score(truth, values >= 0.5), log_loss(truth, values)
        return dict(zip(("auroc", "accuracy", "loss"), found, strict=True))

    def same(evaluation, rows):
        for name, value in expected(rows).items():
            assert evaluation.metrics[name].value == pytest.approx(value, abs=1e-6)

    same(result.pooled, frame)
    apart = [frame[(frame["fold"] == one.fold) & (frame["repeat"] == one.repeat)] for one in result.parts]
    for part, rows in zip(result.parts, apart, strict=True):
        same(part.evaluation, rows)
    areas = [expected(rows)["auroc"] for rows in apart]
    assert result.spread["auroc"].mean == pytest.approx(np.mean(areas))
    assert result.spread["auroc"].deviation == pytest.approx(np.std(areas, ddof=1))
    assert result.spread.keys() == METRICS.keys()
    area = result.pooled.metrics["auroc"]
    assert area.low <= area.value <= area.high
    assert read_json(folder.result_file) == result.to_dict()
    assert "held-out predictions" in result._repr_html_() and "mean ± sd" in result._repr_html_()


def test_the_page_shows_figures_folds_and_curves(made, tmp_path):
    folder, result, _ = made
    write_crossval_page(folder, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert f"mlp reaches AUROC {result.pooled.metrics['auroc'].value:.3f}" in page
    assert "Fold 2, repeat 2" in page and "not a standard error" in page
    assert page.count("data:image/svg+xml;base64") == 6
    (folder.path / "crossval.json").rename(tmp_path / "kept")
    with pytest.raises(RunError, match=r"has no crossval\.json yet"):
        write_crossval_page(folder, tmp_path / "page.html")
    (tmp_path / "kept").rename(folder.path / "crossval.json")


def test_only_missing_runs_are_trained(made, images, tmp_path):
    folder, result, _ = made
    shutil.copytree(folder.path, tmp_path / "one")
    copy = begin(images, tmp_path / "one")
    shutil.rmtree(copy.run(copy.plan.parts[2]).path)
    copy.result_file.unlink()
    failing = Drawn(die_in=("repeat2-fold1",))
    with pytest.raises(RunError, match=r"1 of 4 runs failed, the first repeat2-fold1: it died; .* resumes"):
        crossval(copy, JobOptions(failing))
    assert failing.done == ["repeat2-fold1"] and not copy.result_file.exists()
    engine = Drawn()
    again = crossval(copy, JobOptions(engine))
    assert engine.done == ["repeat2-fold1"]
    assert again == result


def test_a_fold_that_learnt_nothing_is_reported(made, images, tmp_path):
    folder = begin(images, tmp_path / "one", repeats=1)
    result = crossval(folder, JobOptions(Drawn(blind=("repeat1-fold2",))))
    said = f"chestnut diagnose {folder.path}/repeat1-fold2 gives possible reasons"
    assert result.warnings == (f"repeat1-fold2 is no better than guessing, AUROC 0.500 (0.316–0.684): {said}.",)
    write_crossval_page(folder, folder.page_file)
    assert "repeat1-fold2 is no better than guessing" in folder.page_file.read_text()
    assert made[1].warnings == ()


def test_another_plan_in_the_same_folder_is_refused(made, images):
    folder, _, _ = made
    before = sorted(folder.path.rglob("*"))
    with pytest.raises(RunError, match="differs in folds, repeats; choose another folder"):
        begin(images, folder.path, folds=3, repeats=1)
    with pytest.raises(RunError, match="differs in the recipe or its settings"):
        begin(images, folder.path, changes=["model.dropout=0.1"])
    assert sorted(folder.path.rglob("*")) == before
    with folder.lock(), pytest.raises(RunError, match="is in use by another process"):
        crossval(folder, JobOptions(Drawn()))
    with pytest.raises(RunError, match=r"is no cross-validation: it has no crossplan\.json"):
        crossval(CrossFolder(images), JobOptions(Drawn()))
