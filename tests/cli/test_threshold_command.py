"""`chestnut threshold` and `chestnut calibrate`: what they keep, what stays as it was, and what they refuse."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import chestnut as cn
from chestnut.evaluation.calibration import temperature
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.operating.point import OperatingPoint, Promise
from chestnut.inference import thresholds
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.run_bundle import change_run_bundle
from chestnut.inference.thresholds import keep_threshold
from chestnut.robustness.shifts import SHIFTS
from chestnut.runs.folder import RunFolder
from killing import Killed
from rewriting import change


@pytest.fixture
def run(workspace, tmp_path):
    """A copy of the trained run that a test may change."""
    return shutil.copytree(workspace.run, tmp_path / "copy")


@pytest.fixture
def few(monkeypatch):
    """Let the 12 validation patients of the run be enough for a temperature."""
    monkeypatch.setattr(temperature, "FEW_PATIENTS", 10)
    monkeypatch.setattr(temperature, "LEAST_OF_A_CLASS", 4)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def positives(run):
    table = pd.read_csv(run / "evaluation" / "val" / "predictions.csv")
    return table["probability_PNEUMONIA"].to_numpy(), table["decision"].to_numpy()


@pytest.mark.slow
def test_a_threshold_is_kept_with_its_promise_and_its_history(run, chestnut, workspace):
    status, out, said = chestnut("threshold", run, "--rule", "sensitivity=0.9", "--json", "-")
    assert status == 0, said
    told = json.loads(out)
    bundle, metrics = Bundle.read(run / "bundle"), json.loads((run / "evaluation" / "val" / "metrics.json").read_text())
    assert told["threshold"] == bundle.threshold == metrics["threshold"] == bundle.operating_point.threshold
    assert metrics["metrics"]["sensitivity"]["value"] >= 0.9
    assert "chosen on these images ('sensitivity=0.9' on val), which flatters" in " ".join(metrics["notes"])
    assert told["promised"] == bundle.operating_point.to_dict()["promised"]
    assert told["promised"]["sensitivity"]["low"] < told["promised"]["sensitivity"]["high"]
    scores, decisions = positives(run)
    np.testing.assert_array_equal(decisions == "PNEUMONIA", scores >= bundle.threshold)
    chestnut("threshold", run, "--rule", "fixed=0.25")
    history = json.loads((run / "environment.json").read_text())["thresholds"]
    assert [one["rule"] for one in history] == ["sensitivity=0.9", "fixed=0.25"]
    assert [one["before"] for one in history] == [0.5, told["threshold"]] and history[1]["threshold"] == 0.25
    assert history[0]["command"].startswith("chestnut threshold ")
    before = contents(run)
    status, out, _ = chestnut("threshold", run)
    assert status == 0 and "0.25 of PNEUMONIA" in out and "fixed=0.25, on val" in out and contents(run) == before
    status, out, _ = chestnut("predict", run, workspace.images / "PNEUMONIA", "--json", "-")
    assert json.loads(out)["threshold"] == 0.25
    for words in (("info", run), ("runs", run.parent, "--wide"), ("predict", run, workspace.images / "PNEUMONIA")):
        assert "0.25 (fixed=0.25 on val)" in " ".join(chestnut(*words)[1].split())
    assert "0.25 (fixed=0.25 on val)" in cn.open_run(run)._repr_html_()


def test_a_change_that_a_kill_prevented_is_not_in_the_history(run, monkeypatch):
    def kill(*_, **__):
        raise Killed

    folder = RunFolder(run)
    promise = Promise(Estimate(0.9, 0.8, 0.95), Estimate(0.9, 0.8, 0.95))
    points = [OperatingPoint(f"fixed={share}", "val", share, promise) for share in (0.3, 0.4)]
    with pytest.raises(Killed), monkeypatch.context() as patched:
        patched.setattr(thresholds, "change_run_bundle", kill)
        keep_threshold(folder, points[0], "one")
    assert Bundle.read(run / "bundle").threshold == 0.5 and len(folder.record.thresholds) == 1
    keep_threshold(folder, points[1], "two")
    assert [(one.before, one.threshold) for one in folder.record.thresholds] == [(0.5, 0.4)]
    keep_threshold(folder, points[0], "three")
    assert [(one.before, one.threshold) for one in folder.record.thresholds] == [(0.5, 0.4), (0.4, 0.3)]


@pytest.mark.slow
def test_a_threshold_is_chosen_on_the_shifts_that_are_there_or_computed_first(run, monkeypatch):
    for name in list(SHIFTS)[3:]:
        monkeypatch.delitem(SHIFTS, name)
    chosen = cn.open_run(run).choose_threshold("balanced", on="stress", quiet=True)
    made = (run / "evaluation" / "stress" / "stress.json").read_bytes()
    kept = cn.open_run(run).stress(operating_point="balanced", keep=True, quiet=True)
    assert kept.points.chosen == chosen and kept.points.threshold == chosen.threshold
    made = (run / "evaluation" / "stress" / "stress.json").read_bytes()
    again = cn.open_run(run).choose_threshold("specificity=0.8", on="stress", quiet=True)
    assert (run / "evaluation" / "stress" / "stress.json").read_bytes() == made
    frame = pd.read_csv(run / "evaluation" / "stress" / "predictions.csv")
    well = frame[frame["condition"].isin(SHIFTS) & (frame["label"] == "NORMAL")]["probability_PNEUMONIA"]
    assert (well < again.threshold).mean() >= 0.8
    record = RunFolder(run).record.thresholds
    assert [one.on for one in record] == ["stress"] * 2  # what changes nothing is not noted
    # on another scale the same images are decided alike
    scale = {"temperature": 2.0, "threshold": 0.5, "operating_point": None, "calibration": None}
    change_run_bundle(RunFolder(run), **scale)
    moved = cn.open_run(run).choose_threshold("specificity=0.8", on="stress", quiet=True)
    assert moved.threshold == pytest.approx(temperature.rescale_threshold(again.threshold, 1.0, 2.0))
    assert (run / "evaluation" / "stress" / "stress.json").read_bytes() == made


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rule", "yuden"], "did you mean youden"),
        (["--rule", "sensitivity=1.5"], "rule 'sensitivity=1.5': give a share above 0 and up to 1"),
        (["--rule", "fixed=-0.1"], "give a probability from 0 to 1"),
        (["--rule", "youden", "--on", "test"], "--on test: give val or stress"),
        (["--on", "stress"], "give --rule too"),
        (["--seed", "1"], "give --rule too"),
    ],
)
def test_words_that_make_no_sense_change_nothing(run, chestnut, words, said):
    before = contents(run)
    status, _, error = chestnut("threshold", run, *words)
    assert status == 2 and said in error and error.count("\n") == 1 and contents(run) == before


def test_images_that_fulfil_no_rule_change_nothing(run, chestnut, monkeypatch):
    before = contents(run)
    for logits, rule, said in (
        (np.zeros((99, 1)), "youden", "all 29 images have the probability 0.5"),
        (np.full((99, 1), 800.0) - 900 * (np.arange(99) == 0)[:, None], "specificity=1", "cannot be met"),
    ):
        monkeypatch.setattr(
            KerasEngine, "finite_logits", lambda self, pixels, *_, logits=logits, **__: logits[: len(pixels)]
        )
        status, _, error = chestnut("threshold", run, "--rule", rule)
        assert status == 2 and said in error and error.count("\n") == 1, error
        assert contents(run) == before


def test_a_run_of_more_classes_has_no_threshold(run, chestnut):
    facts = json.loads((run / "bundle" / "bundle.json").read_text())
    change(run / "bundle" / "bundle.json", classes=[*facts["classes"], "OTHER"], positive=None)
    before = contents(run)
    status, _, error = chestnut("threshold", run, "--rule", "youden")
    assert status == 2 and "for two classes, and this run tells 3 apart" in error and contents(run) == before
    status, out, _ = chestnut("threshold", run)
    assert status == 0 and "the likeliest class" in out


@pytest.mark.slow
def test_calibration_changes_probabilities_and_no_decision(run, chestnut, few, monkeypatch):
    compute = KerasEngine.finite_logits  # of a network that is much surer than it may be
    monkeypatch.setattr(KerasEngine, "finite_logits", lambda self, *given: 40 * compute(self, *given))
    chestnut("threshold", run, "--rule", "fixed=0.7")
    scores, decided = positives(run)
    status, out, said = chestnut("calibrate", run, "--json", "-")
    assert status == 0, said
    told, bundle = json.loads(out), Bundle.read(run / "bundle")
    assert told["temperature"] == bundle.temperature != 1 and told["reason"] == ""
    assert told["loss_after"] < told["loss_before"] and told["patients"] == 12
    moved, again = positives(run)
    assert (decided == again).all() and (scores != moved).all()
    assert bundle.operating_point.threshold == bundle.threshold == told["threshold"] != 0.7
    assert (run / "evaluation" / "val" / "calibration.png").is_file()
    metrics = json.loads((run / "evaluation" / "val" / "metrics.json").read_text())
    assert metrics["temperature"] == bundle.temperature
    assert "was fitted to these images, which flatters the loss" in " ".join(metrics["notes"])
    assert [one.rule for one in RunFolder(run).record.thresholds] == ["fixed=0.7", "temperature"]
    before = contents(run / "bundle")
    chestnut("calibrate", run)
    assert contents(run / "bundle") == before and len(RunFolder(run).record.thresholds) == 2


@pytest.mark.slow
def test_too_few_patients_leave_the_temperature_and_say_so(run, chestnut):
    status, out, _ = chestnut("calibrate", run)
    assert status == 0 and "12 patients are too few to fit a temperature, which takes 30" in " ".join(out.split())
    assert Bundle.read(run / "bundle").temperature == 1.0
    assert not (run / "evaluation" / "val" / "calibration.png").exists()
    assert cn.open_run(run).calibration.reason.startswith("12 patients") and cn.open_run(run).operating_point is None


def test_a_training_is_calibrated(workspace):
    assert Bundle.read(workspace.run / "bundle").calibration.reason.startswith("12 patients are too few")


@pytest.mark.slow
def test_a_recipe_can_leave_the_temperature_alone(workspace, tmp_path):
    settings = ["input.height=32", "input.width=32", 'train.calibrate="none"', "model.costs=[0.1]"]
    one = cn.train(workspace.images, "hog-logistic", settings=settings, path=tmp_path / "one", quiet=True)
    assert one.calibration is None and one.operating_point is None
    one.calibrate(quiet=True)
    assert one.calibration is not None
