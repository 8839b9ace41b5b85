"""`chestnut guard` and `--on-outlier`: what is said of images unlike the training images, and what is refused."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import chestnut as package
from calling import call
from chestnut.errors import BundleError
from chestnut.inference.bundle import Bundle
from chestnut.inference.bundle_guard import PART, Guard
from chestnut.inference.run_bundle import change_run_bundle
from chestnut.runs.folder import RunFolder
from tiny import TINY


@pytest.fixture(scope="module")
def guarded(workspace, tmp_path_factory):
    """A run with validation patients enough for a guard, and images to predict: of a chest, turned, and of noise."""
    folder = tmp_path_factory.mktemp("guarded")
    words = ["train", workspace.images, "--name", "one", "--set=data.fractions=[0.45,0.45,0.1]", "--no-audit", *TINY]
    assert call(words, folder) == 0
    manifest = pd.read_csv(folder / "runs" / "one" / "manifest.csv")
    chest = Image.open(manifest.loc[manifest["split"] == "val", "path"].iloc[0]).convert("L")
    others = folder / "others"
    others.mkdir()
    chest.rotate(90).save(others / "turned.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)).save(others / "noise.png")
    return folder / "runs" / "one", manifest.loc[manifest["split"] == "val", "path"].tolist(), others


@pytest.fixture
def copy(guarded, tmp_path):
    return shutil.copytree(guarded[0], tmp_path / "copy")


def bare(run):
    """Take the guard out of a run, as an older chestnut left it."""
    change_run_bundle(RunFolder.open(run), parts={PART: None}, guard=None)


@pytest.mark.slow
def test_training_fits_a_guard_and_every_output_of_predict_says_the_same(guarded, chestnut):
    run, usual, others = guarded
    summary = Bundle.read(run / "bundle").guard
    least = 1 / (summary.patients + 1)
    assert 19 <= summary.patients < 49 and (summary.wanted, summary.false_alarms) == (0.02, pytest.approx(least))
    assert {one.change: one.flagged.value for one in summary.rehearsal}["noise in its place"] == 1
    assert (run / "figures" / "guard.png").is_file()
    status, said, _ = chestnut("predict", run, *usual[:3], others, "--csv", "out.csv")
    assert status == 0
    rows = pd.read_csv(chestnut.folder / "out.csv", keep_default_na=False)
    found = json.loads(chestnut("predict", run, *usual[:3], others, "--json", "-")[1])
    verdicts = [one["guard"] for one in found["images"]]
    assert [one["in_distribution"] for one in verdicts] == [name == "yes" for name in rows["in_distribution"]]
    assert [one["reason"] for one in verdicts] == rows["guard_reason"].tolist()
    assert np.allclose([one["score"] for one in verdicts], rows["guard_score"])
    assert verdicts[-2] == {
        "in_distribution": False,
        "score": pytest.approx(least),
        "reason": "not a chest from the front: no lungs",
    }
    assert verdicts[-1]["reason"] == "rotated by 90° to the left"
    assert sum(found["outliers"].values()) == sum(not one["in_distribution"] for one in verdicts)
    assert "5 images are unlike the training images (1 " in " ".join(said.split())
    api = package.open_run(run).predict([*usual[:3], others], quiet=True)
    assert api.verdicts.to_rows() == verdicts


@pytest.mark.slow
def test_probabilities_are_the_same_whether_the_guard_looks_or_not(guarded):
    run, usual, _ = guarded
    opened = package.open_run(run)
    watched, unwatched = (opened.predict(usual, on_outlier=how, quiet=True) for how in ("warn", "ignore"))
    np.testing.assert_array_equal(watched.probabilities, unwatched.probabilities)
    assert watched.digests == unwatched.digests
    assert unwatched.verdicts is None and "guard" not in unwatched.to_dict()["images"][0]
    assert len(watched.verdicts) == len(usual) and watched.verdicts.scores.min() > 0


@pytest.mark.slow
def test_refused_images_are_named_and_nothing_is_written(guarded, chestnut):
    run, usual, others = guarded
    status, said, advice = chestnut("predict", run, usual[0], others, "--on-outlier", "refuse", "--csv", "out.csv")
    assert (status, said) == (2, "")
    assert "2 of 3 images are unlike the training images (noise.png: not a chest" in advice
    assert "predict them all the same with --on-outlier warn" in advice
    assert list(chestnut.folder.iterdir()) == []
    assert chestnut("predict", run, usual[1], "--on-outlier", "refuse")[0] == 0


def test_an_unknown_way_to_deal_with_outliers_is_refused(workspace, chestnut):
    status, _, said = chestnut("predict", workspace.run, workspace.images, "--on-outlier", "shout")
    assert (status, said) == (2, "error: --on-outlier shout: give warn, refuse, ignore\n")


@pytest.mark.slow
def test_a_run_without_a_guard_says_how_to_add_one_and_can_refuse_nothing(guarded, copy, chestnut):
    bare(copy)
    status, said, _ = chestnut("predict", copy, guarded[1][0])
    assert status == 0 and f"not compared with the training images; chestnut guard {copy}" in said.replace("\n", "")
    found = json.loads(chestnut("predict", copy, guarded[1][0], "--json", "-")[1])
    assert found["outliers"] is None and "guard" not in found["images"][0]
    status, _, said = chestnut("predict", copy, guarded[1][0], "--on-outlier", "refuse")
    assert status == 2 and "has no guard; add one with chestnut guard" in " ".join(said.split())


@pytest.mark.slow
def test_the_command_adds_a_guard_with_the_share_of_false_alarms_that_is_wanted(copy, chestnut):
    bare(copy)
    status, said, _ = chestnut("guard", copy, "--false-alarms", 0.1)
    assert status == 0 and "This guard flags 10 % of images like the " in " ".join(said.split())
    assert Guard.open(Bundle.read(copy / "bundle")).reference.rate == 0.1
    found = json.loads(chestnut("guard", copy, "--false-alarms", 0.01, "--json", "-")[1])
    assert found["wanted"] == 0.01 and found["false_alarms"] == pytest.approx(1 / (found["patients"] + 1))
    assert len(found["rehearsal"]) == 8


@pytest.mark.slow
def test_evaluating_other_data_notes_how_many_images_are_unlike(guarded, copy, tmp_path):
    for name in ("NORMAL", "PNEUMONIA"):
        (tmp_path / "data" / name).mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (6, 48, 48), np.uint8)
    for number, pixels in enumerate(noise):
        Image.fromarray(pixels).save(tmp_path / "data" / ("NORMAL", "PNEUMONIA")[number % 2] / f"{number}.png")
    result = package.open_run(copy).evaluate(data=tmp_path / "data", quiet=True)
    assert any(note.startswith("6 of 6 images are unlike the training images (6 not a chest") for note in result.notes)


def test_a_run_of_few_patients_is_told_how_many_a_guard_needs(workspace, chestnut):
    status, _, said = chestnut("guard", workspace.run)
    assert status == 2
    assert "cannot have a guard: it needs 19 validation patients, and there are 12" in " ".join(said.split())


@pytest.mark.parametrize("rate", [0, 0.3, "nan", -1])
def test_a_share_of_false_alarms_that_makes_no_sense_is_refused(workspace, chestnut, rate):
    status, _, said = chestnut("guard", workspace.run, "--false-alarms", rate)
    assert status == 2 and f"--false-alarms {rate}: give 0.001" in said


@pytest.mark.slow
def test_a_guard_of_another_network_is_refused(guarded, copy):
    reference = Guard.open(Bundle.read(guarded[0] / "bundle")).reference
    shorter = type(reference.cloud)(reference.cloud.origin[:3], reference.cloud.weights[:3], reference.cloud.centres)
    changed = type(reference)(**{**vars(reference), "cloud": shorter})
    change_run_bundle(RunFolder.open(copy), parts={PART: changed.to_part()})
    with pytest.raises(BundleError, match="the guard knows 3 features, and the network has"):
        package.open_run(copy).predict(guarded[1][0], quiet=True)
