"""The command in a report repeats a run bit for bit, though other runs are trained with another number of threads."""

import hashlib
import html
import re
import shlex
import subprocess
import sys
import zipfile

import pytest

import chestnut as cn
from chestnut.files.json_files import read_json

pytestmark = pytest.mark.slow

# Large enough for TensorFlow to share the work of an operation among threads.
SETTINGS = (
    *("input.height=96", "input.width=96", "train.precision=float32", "data.fractions=[0.6,0.2,0.2]"),
    *("cnn-small:model.filters=[16,32]", "cnn-small:model.dense=[64]", "pca-svm:model.components=5"),
)


def call(*words, where):
    program = [sys.executable, "-c", "from chestnut.cli import main; main()", *map(str, words)]
    done = subprocess.run(program, cwd=where, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def weights(run):
    with zipfile.ZipFile(run / "bundle" / "model.keras") as archive:  # which also holds the time it was saved
        return hashlib.sha256(archive.read("model.weights.h5")).hexdigest()


def test_the_printed_command_repeats_the_runs_of_a_comparison(tmp_path):
    cn.write_phantom(tmp_path / "images", 90, size=96)
    compare = ["compare", "images", "--recipes", "cnn-small,pca-svm", "--epochs", 3, "--name", "both", "--jobs", 1]
    call(*compare, *(f"--set={setting}" for setting in SETTINGS), where=tmp_path)
    threads = read_json(tmp_path / "runs" / "both" / "plan.json")["threads"]
    for run in ("cnn-small-s0", "pca-svm-s0"):
        folder = tmp_path / "runs" / "both" / run
        assert read_json(folder / "environment.json")["threads"] == threads
        call("report", f"runs/both/{run}", where=tmp_path)
        (shown,) = re.findall(r"<pre><code>(chestnut train.*?)</code>", (folder / "report.html").read_text(), re.S)
        words = shlex.split(html.unescape(shown).replace("\\\n", " "))
        assert words[-2:] == ["--threads", str(threads)]
        call(*words[1:], "--name", f"{run}-repeated", "--no-audit", where=tmp_path)
        repeated = tmp_path / "runs" / f"{run}-repeated"
        assert weights(repeated) == weights(folder)
