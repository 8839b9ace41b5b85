"""`chestnut exchange` as users call it: what it writes and refuses, and what the report shows of it."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from rewriting import rewrite

DOCS = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")


@pytest.fixture
def run(workspace, tmp_path):
    """A copy of the trained run that a test may change."""
    return shutil.copytree(workspace.run, tmp_path / "copy")


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_validation_images_are_judged_after_every_exchange(run, chestnut):
    status, out, said = chestnut("exchange", run, "--draws", 2)
    assert status == 0, said
    assert "given away" in out and "the other class" in out and said.endswith(f"Next: chestnut report {run}\n")
    folder = run / "exchange"
    held, rows = json.loads((folder / "exchange.json").read_text()), pd.read_csv(folder / "predictions.csv")
    manifest = pd.read_csv(run / "manifest.csv").query("split == 'val'")
    assert held["images"] + held["left_out"] == len(manifest) and held["images"] > len(manifest) / 2
    listed = re.findall(r"^\| `(\w+)", DOCS.split("### exchange.json\n")[1].split("\n### ")[0], flags=re.M)
    assert list(dict.fromkeys(listed)) == list(held)
    assert [one["name"] for one in held["conditions"]] == ["framing", "greys", "style", "all"]
    for one in held["conditions"]:
        means = {}
        for donor in ("other", "same"):
            part = rows[(rows["condition"] == one["name"]) & (rows["donor"] == donor)]
            assert set(part["draw"]) == {1, 2}
            means[donor] = part.groupby("draw")[["label", "probability_PNEUMONIA"]].apply(area).mean()
            assert one[donor]["auroc"]["value"] == pytest.approx(means[donor])
        assert one["given_away"]["value"] == pytest.approx(means["same"] - means["other"])
    known = pd.read_csv(run / "evaluation" / "val" / "predictions.csv").set_index("path")["probability_PNEUMONIA"]
    plain = rows[rows["condition"] == "plain"]
    assert plain["probability_PNEUMONIA"].to_numpy() == pytest.approx(known[plain["path"]].to_numpy(), abs=1e-6)
    assert (folder / "exchange.png").read_bytes().startswith(b"\x89PNG")
    assert not (run / "ledger.json").exists()
    before = files(folder)
    status, out, _ = chestnut("exchange", run, "--draws", 2, "--json", "-")
    assert status == 0 and json.loads(out)["conditions"] == held["conditions"]
    assert files(folder)["predictions.csv"] == before["predictions.csv"]
    chestnut("report", run)
    page = (run / "report.html").read_text()
    assert "Lost in exchange" in page and "With the framing and scanner of the other class" in page


@pytest.mark.slow
def test_stress_begins_with_the_exchange_test_and_makes_it_only_once(run, chestnut):
    status, out, said = chestnut("stress", run)
    assert status == 0, said
    assert out.index("after an exchange") < out.index("under 27 shifts")
    made = files(run / "exchange")
    status, out, said = chestnut("stress", run, "--json", "-")
    assert status == 0 and files(run / "exchange") == made and "Exchanging" not in said
    held = json.loads((run / "exchange" / "exchange.json").read_text())
    assert json.loads(out)["exchange"]["conditions"] == held["conditions"]
    status, out, _ = chestnut("stress", run, "--shift", "blur")
    assert status == 0 and "after an exchange" not in out


@pytest.mark.slow
def test_stress_says_why_there_is_no_exchange_test(run, chestnut, monkeypatch):
    monkeypatch.setattr("chestnut.lungfield.find.doubt", lambda *facts: "no lungs")
    status, out, said = chestnut("stress", run)
    assert status == 0, said
    assert "There is no exchange test: lungs were found in none of the" in " ".join(out.split())
    assert "mean over the" in out and not (run / "exchange").exists()


def area(part):
    return roc_auc_score(part["label"] == "PNEUMONIA", part["probability_PNEUMONIA"])


def test_what_cannot_be_done_is_told_in_a_line_and_writes_nothing(run, workspace, chestnut, tmp_path):
    def refused(*words):
        before = files(run)
        status, out, said = chestnut("exchange", *words)
        assert status == 2 and not out and said.count("\n") == 1 and files(run) == before
        return said

    assert "is not a run folder: it has no environment.json" in refused(workspace.images)
    manifest = run / "manifest.csv"
    kept = manifest.read_text()
    rewrite(manifest, re.sub(r",val,", ",train,", kept))
    assert "the run has no validation images" in refused(run)
    rewrite(manifest, re.sub(r",train,", ",val,", kept))
    assert "the run has no training images" in refused(run)
    rewrite(manifest, kept)
    (run / "bundle" / "model.keras").write_bytes(b"something else")
    assert "model.keras was changed" in refused(run)
    shutil.rmtree(run / "bundle")
    assert "has no bundle, because its training has not finished" in refused(run)
    assert "--draws" in chestnut("exchange", run, "--draws", 0)[2]


def test_a_changed_result_is_told_with_what_to_do(run, chestnut):
    (run / "exchange").mkdir()
    (run / "exchange" / "exchange.json").write_text("{}")
    status, _, said = chestnut("report", run)
    assert status == 2 and f"make it again by chestnut exchange {run}" in " ".join(said.split())
