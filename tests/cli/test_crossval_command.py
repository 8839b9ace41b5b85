"""`chestnut crossval`: what it prints, that it goes on, and what it refuses before anything is written."""

import json
import shutil

import pytest

import chestnut as cn
from chestnut.files.json_files import write_json
from chestnut.jobs.local_engine import LocalEngine
from chestnut.report.pages.run import write_run_page
from chestnut.runs.folder import RunFolder
from inline import Inline
from rewriting import rewrite

TINY = ["--set=input.height=32", "--set=input.width=32", "--set=train.precision=float32", "--set=model.dense=[4]"]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crossval") / "images"
    cn.write_phantom(folder, 24, size=48)
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--folds", "1"], "--folds 1: give 2 or more"),
        (["--folds", "0"], "--folds 0: give 2 or more"),
        (["--folds", "500"], "500 folds; give 2 to "),
        (["--repeats", "0"], "--repeats 0: give 1 or more"),
        (["--epochs", "0"], "--epochs 0: give 1 or more"),
        (["--seed", "-1"], "--seed -1: give 0 or more"),
        (["--jobs", "0"], "0: give 1 or more"),
        (["--recipe", "mlpp"], "no recipe 'mlpp'; did you mean mlp"),
        (["--set", "model.dens=[3]"], "no key 'model.dens'; did you mean model.dense"),
    ],
)
def test_bad_input_is_one_line_and_nothing_written(chestnut, images, words, said):
    status, out, told = chestnut("crossval", images, "--recipe", "mlp", *words)
    errors = [line for line in told.splitlines() if line.startswith("error: ")]
    assert status == 2 and len(errors) == 1 and out == "" and "Traceback" not in told, told
    assert said in errors[0]
    assert list(chestnut.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give DATA to cross-validate on, or --resume FOLDER"),
        (
            ["--resume", "here", "--seed", "1"],
            "--resume continues a cross-validation with its own terms; leave out",
        ),
        (["--resume", "here"], "here is no cross-validation: it has no crossplan.json; give a folder that chestnut"),
    ],
)
def test_going_on_needs_a_folder_and_nothing_else(chestnut, words, said):
    status, out, told = chestnut("crossval", *words)
    assert status == 2 and f"error: {said}" in told and out == "", told
    assert list(chestnut.folder.iterdir()) == []


def test_a_class_of_too_few_patients_is_one_line(chestnut, images):
    table = chestnut.folder / "few.csv"
    paths = sorted(images.rglob("*.jpeg"))
    first = next(path for path in paths if path.parent.name == "NORMAL")
    second = [path for path in paths if path.parent.name == "NORMAL" and path != first][-1]
    chosen = [first, second, *(path for path in paths if path.parent.name != "NORMAL")]
    rows = [f"{path},{path.parent.name},{number}" for number, path in enumerate(chosen)]
    table.write_text("\n".join(["path,label,patient", *rows]))
    status, _, told = chestnut("crossval", table, "--recipe", "mlp", "--folds", 2, *TINY)
    assert status == 2 and "error: without fold 1 of 2, no val images of NORMAL" in told, told
    assert not (chestnut.folder / "runs").exists()


@pytest.mark.slow
def test_folds_are_printed_and_the_same_command_goes_on(chestnut, images, monkeypatch):
    monkeypatch.setattr(LocalEngine, "sized", lambda *given: Inline())
    words = ["crossval", images, "--recipe", "mlp", "--folds", 2, "--epochs", 1, *TINY]
    status, out, said = chestnut(*words)
    assert status == 0, said
    assert "repeat1-fold2: epoch   1" in said
    assert "held-out predictions of" in out and "mean ± sd" in out and "not a standard error" in " ".join(out.split())
    (folder,) = (chestnut.folder / "runs").iterdir()
    assert f"Report: runs/{folder.name}/crossval.html" in out
    assert (folder / "crossval.html").is_file() and (folder / "predictions.csv").is_file()
    run = RunFolder(folder / "repeat1-fold2")
    (look,) = run.ledger.looks
    assert look.data == f"fold 2 of 2 held out of a cross-validation of {run.facts['root']}"
    assert run.own_looks == []
    before = (folder / "predictions.csv").read_bytes()
    left_by_a_kill_before_the_look(run)
    status, out, said = chestnut("crossval", "--resume", f"runs/{folder.name}", "--json", "-")
    assert status == 0 and "epoch   1" not in said
    found = json.loads(out)
    assert found["crossval"] == f"runs/{folder.name}"
    assert [part["fold"] for part in found["parts"]] == [1, 2]
    assert (folder / "predictions.csv").read_bytes() == before
    write_run_page(run, run.report_file)
    told = "The test split of this run is fold 2 of 2 held out of a cross-validation; no test split of the data"
    assert told in run.report_file.read_text()


def left_by_a_kill_before_the_look(run):
    shutil.rmtree(run.evaluation("test"))
    rewrite(run.ledger_file, "[]")
    lacking = ("holdout", "images_a_second", "model_bytes")
    write_json(run.environment_file, {key: value for key, value in run.record.to_dict().items() if key not in lacking})
