"""`chestnut stress` as users call it: what it writes, keeps and refuses."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from chestnut.robustness.shifts import SHIFTS
from rewriting import rewrite
from tiny import TINY

DOCS = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
TWO = ("--shift", "gamma-darker", "--shift", "histogram-swapped")


@pytest.fixture
def run(workspace, tmp_path):
    """A copy of the trained run that a test may change."""
    return shutil.copytree(workspace.run, tmp_path / "copy")


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_validation_images_are_judged_under_every_shift(run, chestnut):
    status, out, _ = chestnut("stress", run, "--no-exchange")
    assert status == 0 and f"mean over the {len(SHIFTS)} shifts" in out and all(name in out for name in SHIFTS)
    folder = run / "evaluation" / "stress"
    held, rows = json.loads((folder / "stress.json").read_text()), pd.read_csv(folder / "predictions.csv")
    manifest = pd.read_csv(run / "manifest.csv").query("split == 'val'")
    assert [shift["name"] for shift in held["shifts"]] == list(SHIFTS) and held["images"] == len(manifest)
    for shift in held["shifts"]:
        part = rows[rows["condition"] == shift["name"]]
        assert part["patient"].tolist() == manifest["patient"].tolist()
        area = roc_auc_score(part["label"] == "PNEUMONIA", part["probability_PNEUMONIA"])
        assert shift["auroc"]["value"] == pytest.approx(area)
        assert shift["drop"]["value"] == pytest.approx(held["plain"]["auroc"]["value"] - area)
    plain, known = rows[rows["condition"] == "plain"], pd.read_csv(run / "evaluation" / "val" / "predictions.csv")
    assert plain["probability_PNEUMONIA"].to_numpy() == pytest.approx(known["probability_PNEUMONIA"], abs=1e-6)
    listed = re.findall(r"^\| `(\w+)", DOCS.split("### stress.json\n")[1].split("\n### ")[0], flags=re.M)
    assert list(dict.fromkeys(listed)) == list(held)
    assert (folder / "stress.png").read_bytes().startswith(b"\x89PNG")
    assert not (run / "ledger.json").exists()
    chestnut("report", run)
    page = (run / "report.html").read_text()
    assert "AUROC, sensitivity and specificity under every shift" in page and held["shortcut"]["sentence"][:40] in page


def test_some_shifts_never_replace_all_of_them(run, chestnut):
    chestnut("stress", run, "--no-exchange")
    whole = files(run / "evaluation" / "stress")
    status, out, said = chestnut("stress", run, "--shift", "crop")
    assert status == 0 and "crop" in out and "mean over the 1" not in out
    assert said.endswith(f"Next: chestnut report {run}\n") and "Next:" not in out
    assert files(run / "evaluation" / "stress") == whole
    held = json.loads((run / "evaluation" / "stress-partial" / "stress.json").read_text())
    assert held["partial"] and held["mean"] is None and held["shortcut"]["correlation"] is None
    assert held["shortcut"]["agree"]["shifted_auroc"] is None
    chestnut("report", run)
    page = (run / "report.html").read_text()
    assert page.count(f"Mean over the {len(SHIFTS)} shifts</span>") == 1 and "Under some of the shifts" in page


def test_an_external_set_is_renamed_and_the_threshold_kept(run, elsewhere, chestnut, tmp_path):
    others = tmp_path / "others"
    for theirs, ours in (("ill", "PNEUMONIA"), ("well", "NORMAL"), ("odd", "NORMAL")):
        (others / theirs).mkdir(parents=True)
        found = sorted(path for path in elsewhere.rglob("*") if path.parent.name == ours and path.is_file())
        for path in found[:12]:
            shutil.copy(path, others / theirs / f"{theirs}-{path.name}")
    rows = pd.read_csv(run / "manifest.csv", dtype=str)
    for split in ("train", "test"):
        shutil.copy(rows[(rows["split"] == split) & (rows["label"] == "NORMAL")]["path"].iloc[0], others / "well")
    words = [*TWO, "--external", others, "--map", "ill=PNEUMONIA,well=NORMAL", "--operating-point", "sensitivity=0.9"]
    status, out, said = chestnut("stress", run, *words, "--keep", "--json", "-")
    held = json.loads(out)
    assert status == 0, said
    assert held["external"]["images"] == 25 and "left out 12 images of odd" in held["external"]["notes"]
    assert "left out 1 images of the run's own test split" in held["external"]["notes"]
    assert held["external"]["overlap"] == {"train": 1, "val": 0, "test": 0}
    assert "1 of 25 images was used in training" in held["external"]["notes"]
    assert not (run / "ledger.json").exists()
    rules = [point["rule"] for point in held["operating_points"]["points"]]
    assert rules == ["fixed", "plain", "stress"]
    threshold = held["operating_points"]["points"][-1]["threshold"]
    assert json.loads((run / "bundle" / "bundle.json").read_text())["threshold"] == threshold
    assert json.loads((run / "evaluation" / "val" / "metrics.json").read_text())["threshold"] == threshold
    _, out, _ = chestnut("predict", run, others / "ill", "--json", "-")
    decided = {
        image["decision"] == "PNEUMONIA": image["probabilities"]["PNEUMONIA"] for image in json.loads(out)["images"]
    }
    assert all((share >= threshold) == positive for positive, share in decided.items())
    status, out, _ = chestnut("stress", run, *TWO, "--operating-point", "balanced")
    assert status == 0 and "chosen on the shifts" in out


@pytest.mark.slow
def test_lungs_that_a_shift_hides_are_counted(tmp_path, chestnut):
    chestnut("phantom", tmp_path / "images", "--patients", 40, "--size", 96)
    words = ["--no-audit", "--name", "lungs", *TINY, "--set=train.epochs=1", "--set=input.frame=lungs"]
    assert chestnut("train", tmp_path / "images", *words)[0] == 0
    run = chestnut.folder / "runs" / "lungs"
    status, out, said = chestnut("stress", run, "--shift", "border-white", "--shift", "noise", "--json", "-")
    assert status == 0, said
    held = json.loads(out)
    rows = pd.read_csv(run / "evaluation" / "stress-partial" / "predictions.csv")
    lost = {"plain": held["lungs_lost"]} | {shift["name"]: shift["lungs_lost"] for shift in held["shifts"]}
    assert lost == (rows["lungs"] == "no").groupby(rows["condition"]).sum().to_dict()
    assert lost["plain"] < 0.2 * held["images"]
    _, out, _ = chestnut("stress", run, "--shift", "border-white")
    assert "lungs lost" in out
    chestnut("report", run)
    assert "Lungs lost" in (run / "report.html").read_text()


@pytest.mark.slow
def test_a_source_is_left_out_and_trained_for_once(workspace, chestnut):
    words = ["--source-regex", r"phantom-\d*(?P<source>[02468]|[13579])_", "--no-audit", "--name", "two"]
    words += [*TINY, "--set=data.fractions=[0.6,0.2,0.2]", "--set=train.epochs=1"]
    assert chestnut("train", workspace.images, *words)[0] == 0
    run = chestnut.folder / "runs" / "two"
    frame = pd.read_csv(run / "manifest.csv", dtype=str)
    frame["source"] = frame["source"].isin(list("02468")).map({True: "even", False: "odd"})
    rewrite(run / "manifest.csv", frame.to_csv(index=False))
    asked = ["stress", run, "--shift", "blur", "--leave-one-source-out", "--epochs", 1]
    status, out, said = chestnut(*asked)
    assert status == 0 and "Without even" in said and "even" in out and "odd" in out
    rows = pd.read_csv(run / "sources" / "even" / "manifest.csv")
    assert set(rows["source"]) == {"odd"} and set(rows["split"]) == {"train", "val"}
    held = json.loads((run / "evaluation" / "stress" / "sources.json").read_text())["sources"]
    assert [one["source"] for one in held] == ["even", "odd"]
    assert held[0]["evaluation"]["images"] == int(((frame["source"] == "even") & (frame["split"] != "test")).sum())
    made = files(run / "sources" / "even" / "bundle")
    status, _, said = chestnut(*asked)
    assert status == 0 and "epoch" not in said and files(run / "sources" / "even" / "bundle") == made
    status, _, said = chestnut(*asked[:-1], 2)
    assert status == 2 and "was trained for up to 1 epochs, not 2" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shift", "bluur"], "no shift 'bluur'; did you mean blur?"),
        (["--map", "a=b"], "give it by --external DATA"),
        (["--keep"], "give one, as in --operating-point balanced"),
        (["--operating-point", "sensitivity=2"], "give a share above 0 and up to 1"),
        (["--epochs", "2"], "give both, or neither"),
        (["--leave-one-source-out"], "name no sources, and leaving one out needs two"),
        (["--external", "{images}", "--map", "COVID=PNEUMONIA"], "has no class 'COVID' to rename; known: NORMAL"),
        (["--external", "{images}", "--map", "NORMAL=HEALTHY"], "the run has no class 'HEALTHY' to rename"),
        (["--external", "{images}", "--map", "NORMAL"], "write THEIRS=OURS"),
        (["--external", "{images}", "--map", "NORMAL=PNEUMONIA"], "fewer than two match"),
        (["--external", "{images}"], "are the run's own"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line_and_writes_nothing(run, workspace, chestnut, words, said):
    before = files(run)
    status, _, told = chestnut("stress", run, *(word.format(images=workspace.images) for word in words))
    assert status == 2 and said in " ".join(told.split())
    assert files(run) == before


def test_a_run_without_a_bundle_is_refused(run, chestnut):
    shutil.rmtree(run / "bundle")
    status, _, said = chestnut("stress", run)
    assert (
        status == 2
        and "has no bundle, because its training has not finished" in said
        and not (run / "evaluation" / "stress").exists()
    )


def test_a_pattern_that_finds_no_source_is_refused(workspace, chestnut):
    status, _, said = chestnut("info", workspace.images, "--source-regex", "(hospital)")
    assert status == 2 and "the source pattern '(hospital)' does not match" in said and "give a source column" in said
