"""A comparison that is killed with all its processes resumes, with the leaderboard of one that was not."""

import os
import signal
import subprocess
import sys
import time

import pytest

import chestnut as cn
from chestnut.files.json_files import read_json

pytestmark = pytest.mark.slow

SETTINGS = (
    *("input.height=32", "input.width=32", "train.precision=float32", "data.fractions=[0.6,0.2,0.2]"),
    *("augment.rotation=10", "cnn-small:model.filters=[4]", "cnn-small:model.dense=[8]", "mlp:model.dense=[8]"),
    "cnn-small:model.dropout=0.3",
)
# A test that runs in the background of a shell ignores Ctrl-C, and what it starts would too
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from chestnut.cli import main; main()"
)
CLOCKS = ("epoch_seconds", "images_a_second")


def command(images, name, *more):
    words = ["compare", images, "--recipes", "mlp,cnn-small", "--epochs", "8", "--repeats", "2", "--name", name, *more]
    words += [f"--set={setting}" for setting in SETTINGS]
    return [sys.executable, "-c", PROGRAM, *map(str, words)]


def leaderboard(folder):
    held = read_json(folder / "leaderboard.json")
    for row in held["rows"]:
        for clock in CLOCKS:
            row.pop(clock)
    return {key: value for key, value in held.items() if key != "notes"}


def interrupted(words, where, run, how):
    """Start a command, and stop it by a signal once a run has two epochs behind it."""
    process = subprocess.Popen(words, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    history, began = run / "history.csv", time.monotonic()
    while not (history.is_file() and len(history.read_text().splitlines()) > 2):
        assert process.poll() is None and time.monotonic() - began < 300
        time.sleep(0.005)
    os.kill(process.pid, how)
    return process.communicate(timeout=120)[1], process.returncode


def test_kill_and_ctrl_c_change_nothing(tmp_path):
    images = tmp_path / "images"
    cn.write_phantom(images, 60, size=48)
    subprocess.run(command(images, "whole"), cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(command(images, "abreast", "--jobs", "3"), cwd=tmp_path, check=True, capture_output=True)
    expected = leaderboard(tmp_path / "runs" / "whole")
    assert leaderboard(tmp_path / "runs" / "abreast") == expected

    broken = tmp_path / "runs" / "broken"
    interrupted(command(images, "broken"), tmp_path, broken / "cnn-small-s0", signal.SIGKILL)
    assert not (broken / "leaderboard.json").exists()
    said, status = interrupted(command(images, "broken"), tmp_path, broken / "mlp-s1", signal.SIGINT)
    assert status == 130
    assert "continue with chestnut compare --resume runs/broken" in said
    resume = [sys.executable, "-c", PROGRAM, "compare", "--resume", "runs/broken"]
    subprocess.run(resume, cwd=tmp_path, check=True, capture_output=True)
    assert leaderboard(broken) == expected
    assert cn.open_run(broken / "cnn-small-s0").folder.record.resumed
