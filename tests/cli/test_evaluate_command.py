"""`chestnut evaluate`: the confusion matrix, and figures at another threshold that leave the run as it is."""

import json
import shutil

import pandas as pd
import pytest

from chestnut.errors import DataError
from chestnut.explain.mistake_gallery import draw_mistakes, read_mistakes
from chestnut.inference.evaluate import evaluate_run
from chestnut.runs.folder import RunFolder


@pytest.fixture
def run(workspace, tmp_path):
    """A copy of the trained run that a test may change."""
    return RunFolder(shutil.copytree(workspace.run, tmp_path / "copy"))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_another_threshold_changes_the_figures_and_not_the_run(run):
    plain = evaluate_run(run, "val")
    before = contents(run.path)
    found = evaluate_run(run, "val", threshold=0.0)
    assert contents(run.path) == before
    assert (found.threshold, plain.threshold) == (0.0, 0.5)
    assert found.metrics["sensitivity"].value == 1.0 and found.metrics["specificity"].value == 0.0
    assert found.metrics["auroc"] == plain.metrics["auroc"]
    assert "at the threshold 0 in place of the run's own 0.5; the run stays as it is" in found.notes
    table = pd.read_csv(run.evaluation("val") / "predictions.csv")
    at = evaluate_run(run, "val", threshold=0.3)
    positives = table.loc[table["label"] == "PNEUMONIA", "probability_PNEUMONIA"]
    assert at.metrics["sensitivity"].value == pytest.approx((positives >= 0.3).mean())


def test_a_look_at_the_test_split_counts_at_any_threshold(run):
    evaluate_run(run, "test", threshold=0.3, command="chestnut evaluate x --threshold 0.3")
    assert [look["command"] for look in json.loads(run.ledger_file.read_text())] == [
        "chestnut evaluate x --threshold 0.3"
    ]
    assert run.evaluations() == ["val"]


def test_the_command_prints_the_confusion_matrix_at_the_threshold(chestnut, run):
    before = contents(run.path)
    status, said, _ = chestnut("evaluate", run.path, "--split", "val", "--threshold", "0")
    assert status == 0
    assert "Images by class and decision at the threshold 0 of PNEUMONIA" in said
    rows = [line.split() for line in said.splitlines() if line.split()[:1] in (["NORMAL"], ["PNEUMONIA"])]
    assert [row[1] for row in rows] == ["0", "0"] and all(int(row[2]) > 0 for row in rows)
    assert all(name in said for name in ("NPV", "LR+", "LR−"))
    assert contents(run.path) == before


def test_the_worst_mistakes_are_drawn_and_replaced_as_a_whole(chestnut, run):
    folder = run.evaluation("val") / "mistakes"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "0099.jpg").write_text("of an earlier evaluation")
    assert chestnut("evaluate", run.path, "--split", "val")[0] == 0
    table = pd.read_csv(run.evaluation("val") / "predictions.csv", dtype={"path": str})
    wrong = table[table["decision"] != table["label"]]
    gallery = read_mistakes(run, "val")
    assert len(gallery.images) == min(12, len(wrong)) > 0
    assert {one.path for one in gallery.images} <= set(wrong["path"])
    least = [one.probabilities[one.label] for one in gallery.images]
    assert least == sorted(least)
    assert len(gallery.pictures) == len(gallery.images)  # without a network for ONNX Runtime there are no maps
    assert not (folder / "0099.jpg").exists()


def test_without_mistakes_there_is_no_gallery(run):
    path = run.evaluation("val") / "predictions.csv"
    table = pd.read_csv(path)
    run.write(path, table.assign(decision=table["label"]).to_csv(index=False))
    (run.evaluation("val") / "mistakes").mkdir(exist_ok=True)
    draw_mistakes(run, "val")
    assert not (run.evaluation("val") / "mistakes").exists()


@pytest.mark.parametrize("threshold", [-0.1, 1.01, float("nan")])
def test_a_threshold_out_of_range_is_refused_before_any_look(run, threshold):
    with pytest.raises(DataError, match="give a probability from 0 to 1"):
        evaluate_run(run, "test", threshold=threshold)
    assert not run.ledger_file.exists()
