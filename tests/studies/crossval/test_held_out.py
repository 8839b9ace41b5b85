"""Predictions of held-out images are read from a cross-validation or a run, and not from what a network learnt."""

import shutil

import pandas as pd
import pytest

from chestnut.errors import DataError, RunError
from chestnut.evaluation.metrics import evaluate
from chestnut.files.json_files import write_json
from chestnut.jobs.run_all import JobOptions
from chestnut.runs.folder import RunFolder
from chestnut.studies.crossval.crossval import crossval
from chestnut.studies.crossval.plan import CrossFolder
from chestnut.studies.held_out import find_folds, is_crossval, read_folds, read_run_by_folds, read_split
from drawn_crossval import Drawn, begin

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(images, tmp_path_factory):
    """Return the folder of a cross-validation with two folds and two repeats."""
    folder = begin(images, tmp_path_factory.mktemp("held-out") / "cv")
    crossval(folder, JobOptions(Drawn(), command="chestnut crossval images"))
    return folder


@pytest.fixture
def copied(made, tmp_path):
    return CrossFolder(shutil.copytree(made.path, tmp_path / "cv"))


def test_every_image_has_one_prediction_by_a_run_that_had_not_seen_its_patient(made):
    held = read_folds(made)
    assert is_crossval(made.path)
    assert sorted(held.table.frame["path"]) == sorted(held.manifest.paths)
    assert held.words.startswith("the 2-fold cross-validation cv, repeated 2 times: each image by a network that had ")
    assert held.notes == ()
    for path, run in list(held.judges.items())[:5]:
        rows = run.manifest.frame.set_index("path")
        assert rows.loc[path, "split"] == "test"
        others = rows[rows["patient"] == rows.loc[path, "patient"]]
        assert set(others["split"]) == {"test"}


def test_a_cross_validation_that_is_not_finished_is_refused(images, tmp_path):
    folder = begin(images, tmp_path / "new")
    with pytest.raises(RunError, match=r"has no predictions of all images yet; run chestnut crossval --resume .*new$"):
        read_folds(folder)


def test_folds_that_were_changed_to_divide_a_patient_are_refused(copied):
    frame = pd.read_csv(copied.predictions_file, dtype=str)
    first = frame[frame["repeat"] == "1"]
    patient = first.loc[first["fold"] == "1", "patient"].iloc[0]
    other = first.index[first["fold"] == "2"][0]
    frame.loc[other, "patient"] = patient
    frame.to_csv(copied.predictions_file, index=False)
    with pytest.raises(DataError, match=f"the folds divide 1 patients, {patient}"):
        read_folds(copied)


def test_a_fold_knows_its_cross_validation_and_another_run_does_not(made, copied, tmp_path):
    part = made.plan.parts[0]
    assert find_folds(made.run(part)).path == made.path
    alone = shutil.copytree(made.run(part).path, tmp_path / "alone")
    assert find_folds(RunFolder(alone)) is None
    beside = shutil.copytree(made.run(part).path, copied.path / "beside")
    assert find_folds(RunFolder(beside)) is None


def test_a_run_is_judged_by_the_folds_of_its_own_images(made, copied):
    run = made.run(made.plan.parts[0])
    held = read_run_by_folds(run, made)
    assert held.folder == run.path
    assert sorted(held.table.frame["path"]) == sorted(run.manifest.paths)
    frame = pd.read_csv(copied.predictions_file, dtype=str)
    lost = frame["path"].iloc[0]
    frame[frame["path"] != lost].to_csv(copied.predictions_file, index=False)
    found = read_run_by_folds(run, copied)
    assert found.notes == (
        f"1 of the run's {len(run.manifest):,} images are not in the cross-validation, and were not judged.",
    )
    frame.assign(path=frame["path"] + "x").to_csv(copied.predictions_file, index=False)
    with pytest.raises(DataError, match=r"folds=.*cv has none of the images of .*repeat1-fold1; give a cross-validat"):
        read_run_by_folds(run, copied)


def test_folds_of_other_classes_are_refused(made, copied):
    run = made.run(made.plan.parts[0])
    text = copied.predictions_file.read_text()
    copied.predictions_file.write_text(text.replace("PNEUMONIA", "COVID"))
    result = copied.result_file.read_text()
    copied.result_file.write_text(result.replace("PNEUMONIA", "COVID"))
    with pytest.raises(DataError, match=r"has the classes NORMAL, COVID, but .* has NORMAL, PNEUMONIA"):
        read_run_by_folds(run, copied)


def test_a_split_is_judged_by_its_run_and_the_training_images_are_not(copied):
    run = copied.run(copied.plan.parts[0])
    held = read_split(run, "test")
    assert set(held.table.frame["path"]) == set(run.manifest.only("test").paths)
    assert len(held.manifest) == len(run.manifest)
    assert set(held.judges.values()) == {run}
    assert (
        f"run chestnut crossval {run.facts['root']} --recipe mlp --folds 5, and then chestnut errors" in held.notes[0]
    )
    with pytest.raises(RunError, match=r"learnt the labels of its training images, .*; to judge all labels, run"):
        read_split(run, "train")
    with pytest.raises(RunError, match="has no evaluation 'val'"):
        read_split(run, "val")


def test_the_images_of_another_data_set_are_all_that_is_listed(copied):
    run = copied.run(copied.plan.parts[0])
    table = run.predictions("test", ("NORMAL", "PNEUMONIA"))
    table.save(run.evaluation("clinic") / "predictions.csv")
    judged = evaluate(table.targets, table.probabilities, table.patients, table.classes, resamples=20).to_dict()
    write_json(run.evaluation("clinic") / "metrics.json", judged | {"data": "/clinic"})
    held = read_split(run, "clinic")
    assert sorted(held.manifest.paths) == sorted(table.frame["path"])
    assert (held.data, held.notes) == ("/clinic", ())
