"""`chestnut augment`, and training on what it wrote."""

import json

import pandas as pd
import pytest

from tiny import TINY


@pytest.mark.slow
def test_copies_are_trained_on_and_never_judged_on(workspace, chestnut):
    status, _, said = chestnut("augment", workspace.images, "more", "--only-class", "NORMAL", "--copies", 2, "--flip")
    assert status == 0 and "Next: chestnut train more" in said
    words = ["train", "more", "--name", "more", "--no-audit", "--set=data.fractions=[0.6,0.2,0.2]", *TINY]
    status, _, said = chestnut(*words, "--set=train.epochs=1")
    assert status == 0 and "augmented copies of val and test images left out" in said
    rows = pd.read_csv(chestnut.folder / "runs" / "more" / "manifest.csv", keep_default_na=False)
    copies = rows[rows["copy_of"] != ""]
    assert len(copies) and set(copies["split"]) == {"train"} and set(copies["label"]) == {"NORMAL"}
    plain = pd.read_csv(workspace.run / "manifest.csv")
    assert rows[rows["copy_of"] == ""]["split"].tolist() == plain["split"].tolist()
    status, _, said = chestnut("evaluate", "runs/more", workspace.images)
    assert status == 2 and f"all {len(plain)} images of {workspace.images} are the run's own" in said


def test_counts_are_told_and_faults_in_one_line(workspace, chestnut):
    status, out, _ = chestnut("augment", workspace.images, "out", "--json", "-")
    told = json.loads(out)
    assert status == 0 and told["classes"]["NORMAL"]["images"] == told["classes"]["NORMAL"]["copies"] > 0
    zero = ["--rotation", 0, "--shift", 0, "--zoom", 0, "--brightness", 0]
    for words, said in (
        (["out"], "contains files already"),
        (["new", "--only-class", "COVID"], "known:"),
        (["new", *zero], "zero"),
    ):
        status, _, err = chestnut("augment", workspace.images, *words)
        assert status == 2 and said in err and err.count("error: ") == 1 and err.count("\n") <= 3
    assert [path.name for path in chestnut.folder.iterdir()] == ["out"]
