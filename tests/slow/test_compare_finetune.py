"""The best variant of a comparison of backbones is fine-tuned, and is in the leaderboard with the others."""

import json
import subprocess
import sys

import pytest

import chestnut as cn

pytestmark = pytest.mark.slow

SETTINGS = (
    *("input.height=32", "input.width=32", "train.precision=float32", "data.fractions=[0.6,0.2,0.2]"),
    *("model.weights=none", "model.dense=[8]", "train.passes=1"),
)


def test_the_winner_is_fine_tuned_once(tmp_path):
    images = tmp_path / "images"
    cn.write_phantom(images, 60, size=48)
    grid = "optim.learning_rate=1e-2,1e-3"
    words = ["compare", images, "--recipes", "vgg16", "--grid", grid, "--epochs", "1", "--fine-tune-best"]
    words += ["--name", "one", "--json", "-", *(f"--set={setting}" for setting in SETTINGS)]
    command = [sys.executable, "-c", "from chestnut.cli import main; main()", *map(str, words)]
    first = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    board = json.loads(first.stdout)
    assert len(board["rows"]) == 3 and len(board["pairs"]) == 2
    (tuned,) = (row for row in board["rows"] if row["start"] == "fine-tuned")
    others = [row for row in board["rows"] if row is not tuned]
    assert {row["start"] for row in others} == {"random weights, frozen"}
    assert tuned["name"].removesuffix("-finetuned") in {row["name"] for row in others}
    assert tuned["trained"] > 10 * others[0]["trained"]
    assert any("has had more epochs than the others" in note for note in board["notes"])
    again = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert json.loads(again.stdout) == board
    assert "epoch " not in again.stderr.replace("epochs", "")
