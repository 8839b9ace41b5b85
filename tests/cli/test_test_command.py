"""`chestnut test`: two trained runs, of which one was not evaluated yet."""

import json
import shutil

import pytest

from chestnut.runs.folder import RunFolder
from tiny import TINY


@pytest.mark.slow
def test_a_run_without_an_evaluation_is_evaluated_first(workspace, tmp_path, chestnut):
    shutil.copytree(workspace.run, tmp_path / "one")
    given = ["train", workspace.run / "manifest.csv", "--runs", tmp_path, "--no-audit", *TINY, "--set=train.epochs=1"]
    assert chestnut(*given, "--name=two", "--set=seed=3")[0] == 0
    words = ("test", tmp_path / "one", tmp_path / "two")
    status, told, said = chestnut(*words, "--json", "-", "--metric", "auroc, accuracy")
    assert status == 0, said
    found = json.loads(told)
    assert [one["metric"] for one in found["verdicts"]] == ["auroc", "accuracy"]
    assert found["verdicts"][0]["difference"]["low"] < found["verdicts"][0]["difference"]["high"]
    for name in ("one", "two"):
        run = RunFolder.open(tmp_path / name)
        assert "test" in run.evaluations() and [look.command for look in run.ledger.looks][-1].startswith("chestnut")
    looks = len(RunFolder.open(tmp_path / "two").ledger.looks)
    status, told, said = chestnut(*words, "--margin", "0.3")
    assert (
        status == 0 and "first ahead by" in told and "look 2 at a test split" in told and "Next: chestnut rep" in said
    )
    assert len(RunFolder.open(tmp_path / "two").ledger.looks) == looks + 1


def test_nonsense_is_one_line(chestnut):
    for words, answer in (
        (("--margin", "0"), "error: --margin 0: give a difference above 0 and below 1, such as 0.02\n"),
        (("--metric", "aurok"), "error: no metric 'aurok'; did you mean auroc or auprc?"),
        (("--metric", ","), "error: no metric to compare runs by"),
        (("--split", "train"), "error: no split 'train' to compare runs on"),
        ((), "error: there is no run folder gone"),
    ):
        status, _, said = chestnut("test", "gone", "gone", *words)
        assert status == 2 and said.startswith(answer) and len(said.splitlines()) == 1
