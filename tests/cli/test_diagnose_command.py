"""`chestnut diagnose` as a user calls it: on runs, on what is broken, and as a learning-rate range test."""

import json
import shutil

import pytest

from chestnut.diagnosis.rules import RULES
from rewriting import rewrite
from tiny import TINY


@pytest.fixture
def run(workspace, tmp_path):
    """A copy of the trained run that a test may change."""
    return shutil.copytree(workspace.run, tmp_path / "copy")


def test_several_runs_are_told_in_plain_words_and_as_json(workspace, run, chestnut):
    status, out, _ = chestnut("diagnose", workspace.run, run)
    assert status == 0
    assert (
        out.count("guessing by the class shares") == 2
        and "shortcut-or-shift: the test split has not been evaluated" in out
    )
    status, out, _ = chestnut("diagnose", workspace.run, run, "--json", "-")
    found = json.loads(out)["runs"]
    assert [one["run"] for one in found] == [str(workspace.run), str(run)]
    assert found[0]["advice"] == found[1]["advice"] and found[0]["epochs"] == 3
    told = [one["name"] for one in found[0]["advice"]]
    assert {*told, *found[0]["passed"], *found[0]["skipped"]} == set(RULES)


def test_the_first_sentence_follows_from_the_findings(run, chestnut):
    first = json.loads(chestnut("diagnose", run, "--json", "-")[1])["runs"][0]
    said = " ".join(chestnut("diagnose", run)[1].split())
    assert said.startswith(f"{run}: {first['headline']} {first['summary']}")
    metrics = json.loads((run / "evaluation" / "val" / "metrics.json").read_text())["metrics"]
    assert first["auroc"] == metrics["auroc"]


def test_a_diagnosis_leaves_the_run_as_it_was(run, chestnut):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    chestnut("diagnose", run)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_what_is_proposed_is_a_command_that_trains(run, chestnut):
    rewrite(run / "history.csv", "epoch,loss,val_loss\n" + "".join(f"{n},9.0,0.7\n" for n in range(1, 5)))
    status, out, _ = chestnut("diagnose", run)
    assert status == 0 and "ERROR" in out
    advice = json.loads(chestnut("diagnose", run, "--json", "-")[1])["runs"][0]["advice"][0]
    settings = [f"--set={setting}" for setting in advice["try"]]
    words = ["train", run / "manifest.csv", "--recipe", run / "recipe.toml", *settings, "--set=train.epochs=1"]
    assert chestnut(*words, "--no-audit", "--advise")[0] == 0


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: (run / "history.csv").write_text('"'), "history.csv was changed after chestnut wrote it"),
        (lambda run: rewrite(run / "history.csv", '"'), "history.csv is not a table"),
        (lambda run: rewrite(run / "manifest.csv", "a,b\n1,2\n"), "manifest.csv has no column path, label"),
        (lambda run: (run / "environment.json").unlink(), "is not a run folder"),
    ],
)
def test_damaged_runs_are_refused_in_one_line(run, chestnut, damage, said):
    damage(run)
    status, out, err = chestnut("diagnose", run)
    assert (status, out) == (2, "")
    assert said in err and err.count("\n") == 1


def test_a_run_whose_first_epoch_has_not_ended_has_nothing_to_tell(run, chestnut):
    (run / "history.csv").unlink()
    (run / "environment.json").write_text('{"format": 1, "status": "training"}')
    status, out, _ = chestnut("diagnose", run)
    assert status == 0 and "No epoch has ended." in " ".join(out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("RUN", "--recipe", "mlp"), "add --lr-range"),
        (("RUN", "RUN", "--lr-range"), "tests one run or data set, but 2 are given"),
        (("RUN", "--lr-range", "--out", "rates.jpg"), "give a file name that ends in .png"),
        (("RUN", "--lr-range", "--low", "1"), "rates from 1 to 1"),
        (("nowhere",), "no run folder nowhere"),
        (("nowhere", "--lr-range"), "nowhere"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_line(workspace, chestnut, words, said):
    status, _, err = chestnut("diagnose", *(workspace.run if word == "RUN" else word for word in words))
    assert status == 2
    assert said in err.replace("\n", " ") and list(chestnut.folder.iterdir()) == []


def test_a_range_test_draws_and_suggests(workspace, chestnut):
    words = ("--lr-range", "--batches", 20, "--low", 1e-5, "--high", 10)
    status, out, _ = chestnut("diagnose", workspace.run, *words, "--json", "-")
    found = json.loads(out)
    assert status == 0 and len(found["rates"]) == len(found["losses"]) <= 20
    assert (chestnut.folder / "lr-range.png").read_bytes().startswith(b"\x89PNG")
    status, out, _ = chestnut("diagnose", workspace.images, *words, *TINY, "--out", "here.png")
    assert status == 0 and "figure: here.png" in out
    assert (chestnut.folder / "here.png").is_file() and not (workspace.run / "here.png").exists()
