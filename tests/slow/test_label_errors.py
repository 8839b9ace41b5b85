"""Label errors are planted, found by a cross-validation, corrected in the table, and the table is trained on."""

import json
import shutil

import pandas as pd
import pytest

import chestnut as cn
from chestnut.runs.folder import RunFolder

pytestmark = pytest.mark.slow

TINY = [
    *("--set=input.height=32", "--set=input.width=32", "--set=train.precision=float32", "--set=model.dense=[16]"),
    "--set=train.export=none",
]


def test_from_planted_errors_to_a_run_with_corrected_labels(chestnut):
    folder = chestnut.folder
    cn.write_phantom(folder / "images", 24, size=48)
    wrong = sorted((folder / "images").rglob("NORMAL/*.jpeg"))[0]
    moved = shutil.move(wrong, wrong.parent.parent / "PNEUMONIA" / "phantom-9000_1.jpeg")
    words = ["--recipe", "mlp", "--folds", 2, "--set=train.epochs=1", *TINY]
    assert chestnut("crossval", "images", "--name", "five", *words)[0] == 0
    status, said, _ = chestnut("errors", "runs/five", "--json", "-")
    assert status == 0
    found = json.loads(said)
    place = folder / "runs" / "five" / "suspects"
    saved = json.loads((place / "suspects.json").read_text())
    assert {key: saved[key] for key in saved if key not in ("when", "table_sha256")} == {
        key: found[key] for key in found if key not in ("run", "out")
    }
    assert found["images"] == len(list((folder / "images").rglob("*.jpeg")))
    assert (place / "suspects.html").is_file()
    assert len(list(place.glob("*-map.jpg"))) == min(found["suspects"], 24)

    table = pd.read_csv(place / "suspects.csv", dtype=str, keep_default_na=False)
    assert len(table) == found["images"]
    table.loc[table["path"] == str(moved), "label"] = "NORMAL"
    table.to_csv(place / "suspects.csv", index=False)
    status, _, said = chestnut("errors", "runs/five")
    assert status == 2 and "was changed after chestnut wrote it" in said
    shutil.move(place / "suspects.csv", folder / "reviewed.csv")
    assert chestnut("train", "images", "--labels", "reviewed.csv", "--name", "again", "--recipe", "mlp",
                    "--set=train.epochs=1", *TINY)[0] == 0  # fmt: skip
    rows = RunFolder(folder / "runs" / "again").manifest.frame.set_index("path")
    assert rows.loc[str(moved), "label"] == "NORMAL"
    assert len(rows) == found["images"]
    assert "label_suspect" not in rows
