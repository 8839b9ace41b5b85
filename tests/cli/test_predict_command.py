"""`chestnut predict`: totals, short paths, and images that the run knows already."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from chestnut.cli.results.predict import _shorten


@pytest.fixture
def rows(workspace):
    return pd.read_csv(workspace.run / "manifest.csv")


def paths(rows, split, count):
    return rows.loc[rows["split"] == split, "path"].head(count).tolist()


def test_decisions_are_counted_and_known_images_named(workspace, rows, chestnut):
    images = [*paths(rows, "train", 3), *paths(rows, "val", 2), *paths(rows, "test", 1)]
    status, said, advice = chestnut("predict", workspace.run, *images)
    assert status == 0
    assert "6 images: " in said and "at the threshold 0.5 of PNEUMONIA" in said
    known = "5 of 6 images were used in training or validation, 1 of 6 images is in the run's test split"
    assert known in " ".join(said.split())
    assert "Next: chestnut " in advice
    result = json.loads(chestnut("predict", workspace.run, *images, "--json", "-")[1])
    assert result["overlap"] == {"train": 3, "val": 2, "test": 1}
    assert sum(result["decisions"].values()) == 6 and list(result["decisions"]) == ["NORMAL", "PNEUMONIA"]
    decided = [image["decision"] for image in result["images"]]
    assert result["decisions"]["PNEUMONIA"] == decided.count("PNEUMONIA")


def test_a_copy_under_another_name_is_known_by_its_pixels(workspace, rows, chestnut, tmp_path):
    source = paths(rows, "train", 1)[0]
    shutil.copy(source, tmp_path / ("renamed" + Path(source).suffix))
    Image.fromarray(np.full((48, 48), 99, np.uint8)).save(tmp_path / "new.png")
    status, said, _ = chestnut("predict", workspace.run, tmp_path / "new.png")
    assert status == 0 and "used in training" not in said and "1 image: " in said
    status, said, _ = chestnut("predict", workspace.run, tmp_path)
    assert "1 of 2 images was used in training; expect worse answers for new patients" in " ".join(said.split())


def test_totals_count_images_beyond_the_table(workspace, chestnut):
    found = sorted(workspace.images.rglob("*.jpeg"))
    images = [path for path in found if "_masks" not in path.parts]
    status, said, _ = chestnut("predict", workspace.run, workspace.images, "--csv", "out.csv")
    assert status == 0
    table = pd.read_csv(chestnut.folder / "out.csv")
    counts = table["decision"].value_counts()
    expected = ", ".join(f"{counts.get(name, 0):,} {name}" for name in ("NORMAL", "PNEUMONIA"))
    assert len(table) == len(images) > 50
    assert f"{len(images):,} images: {expected} at" in said
    assert f"… and {len(images) - 50:,} more in out.csv" in said


def test_paths_are_short(workspace, chestnut, tmp_path):
    status, said, _ = chestnut("predict", workspace.run, workspace.images / "NORMAL")
    assert status == 0 and f"Images in {workspace.images / 'NORMAL'}" in said.replace("\n", "")
    assert str(workspace.images) not in said.replace("\n", "").replace(f"Images in {workspace.images}", "")


def test_paths_below_the_current_folder_need_no_heading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = Path.cwd()
    assert _shorten([str(here / "a" / "1.png"), str(here / "b" / "2.png")]) == ("", ["a/1.png", "b/2.png"])
    assert _shorten([str(here / "1.png")]) == ("", ["1.png"])
    beside = f"{here}-other/a.png"
    assert _shorten([beside]) == (f"{here}-other", ["a.png"])
    assert _shorten([]) == ("", [])
