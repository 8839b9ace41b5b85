"""Searches that are killed, run out of disk or have settings that fail: what they keep, and how they resume."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import chestnut as cn
from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.files.json_files import read_json

pytestmark = pytest.mark.slow

SETTINGS = (
    *("input.height=32", "input.width=32", "train.precision=float32", "data.fractions=[0.6,0.2,0.2]"),
    *("model.filters=[4]", "model.dense=[8]", "augment.rotation=10"),
    "search={model.filters.0={int=[2,8]}, optim.learning_rate={float=[1e-4,1e-2],log=true}}",
    "search.model.dropout={choice=[0.0,0.3]}",
)
# A test that runs in the background of a shell ignores Ctrl-C, and what it starts would too
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from chestnut.cli import main; main()"
)
#: Lets the search's own process, and with it its workers, write no file beyond so many bytes.
STARVED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size})); "


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune") / "images"
    cn.write_phantom(folder, 60, size=48)
    decode_all(cn.load_dataset(folder), InputSpec(height=32, width=32))  # so that what a small disk ends is the search
    return folder


def command(images, name, *more, settings=SETTINGS, program=PROGRAM):
    words = ["tune", images, "--recipe", "cnn-small", "--seed", 3, "--name", name]
    words += [f"--set={setting}" for setting in settings]
    return [sys.executable, "-c", program, *map(str, words), *more]


def ended(words, where):
    return subprocess.run(words, cwd=where, capture_output=True, text=True, check=False)


def outcome(folder):
    """Return the result of a search without measured times."""
    result = read_json(folder / "tune.json")
    for trial in (*result["trials"], result["default"]):
        trial.pop("seconds")
    return result


def wait_for(process, path, lines):
    began = time.monotonic()
    while not (path.is_file() and len(path.read_text().splitlines()) > lines):
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() - began < 300
        time.sleep(0.005)


def test_a_killed_search_has_the_same_trials_as_one_that_was_not(images, tmp_path):
    terms = ("--trials", "3", "--executions", "2", "--epochs", "6")
    whole = ended(command(images, "whole", *terms), tmp_path)
    assert whole.returncode == 0, whole.stderr
    runs = tmp_path / "runs"
    expected = outcome(runs / "whole")
    assert [trial["state"] for trial in expected["trials"]] == ["finished"] * 3
    assert [len(trial["scores"]) for trial in expected["trials"]] == [2] * 3

    for run, how in (("trial-000-s4", signal.SIGKILL), ("trial-001-s3", signal.SIGINT)):
        process = subprocess.Popen(
            command(images, "broken", *terms), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        wait_for(process, runs / "broken" / run / "history.csv", 2)
        os.kill(process.pid, how)
        said = process.communicate(timeout=120)[1].decode()
        assert not (runs / "broken" / "tune.json").exists()
    assert process.returncode == 130 and "continue with chestnut tune --resume runs/broken" in said
    rest = ended([sys.executable, "-c", PROGRAM, "tune", "--resume", "runs/broken"], tmp_path)
    assert rest.returncode == 0, rest.stderr
    assert outcome(runs / "broken") == expected | {"notes": outcome(runs / "broken")["notes"]}
    assert cn.open_run(runs / "broken" / "trial-000-s4").folder.record.resumed

    more = ended(command(images, "broken", *terms[2:], "--trials", "4"), tmp_path)
    assert more.returncode == 0, more.stderr
    extended = outcome(runs / "broken")["trials"]
    assert len(extended) == 4 and extended[:3] == expected["trials"]
    best = ended([*command(images, "again")[:3], "train", str(images), "--recipe", "runs/broken/best.toml"], tmp_path)
    assert best.returncode == 0, best.stderr


def test_the_precision_is_measured_once_for_all_runs(images, tmp_path):
    open_to_choice = [one for one in SETTINGS if not one.startswith("train.precision")]
    terms = ("--trials", "2", "--executions", "1", "--epochs", "1")
    found = ended(command(images, "auto", *terms, settings=open_to_choice), tmp_path)
    assert found.returncode == 0, found.stderr
    folder = tmp_path / "runs" / "auto"
    settled = read_json(folder / "tuneplan.json")["precision"]
    runs = [cn.open_run(path.parent).folder for path in folder.glob("*/history.csv")]
    assert settled in ("float32", "bfloat16") and len(runs) == 3
    assert {run.recipe.train.precision for run in runs} == {settled}


def test_hyperband_stops_the_worse_trials_early(images, tmp_path):
    terms = ("--search", "hyperband", "--trials", "8", "--executions", "2", "--epochs", "9", "--jobs", "2")
    found = ended(command(images, "band", *terms), tmp_path)
    assert found.returncode == 0, found.stderr
    held = outcome(tmp_path / "runs" / "band")
    pruned = [trial for trial in held["trials"] if trial["state"] == "pruned"]
    assert pruned and {trial["state"] for trial in held["trials"]} == {"pruned", "finished"}
    assert all(len(trial["runs"]) == 1 and trial["epochs"] < 9 for trial in pruned)
    assert all(len(trial["scores"]) == 2 for trial in held["trials"] if trial["state"] == "finished")
    assert next(t for t in held["trials"] if t["number"] == held["best"])["state"] == "finished"
    again = ended(command(images, "band", *terms), tmp_path)
    assert again.returncode == 0 and "epoch" not in again.stderr.partition("at a time")[2]
    assert outcome(tmp_path / "runs" / "band") == held


def test_failed_trials_are_reported_and_the_others_continue(images, tmp_path):
    rates = "search={optim.learning_rate={choice=[1e-3, 1e30]}, model.filters.0={int=[2,8]}}"
    terms = ("--trials", "6", "--executions", "1", "--epochs", "2", "--objective", "loss")
    found = ended(command(images, "some", *terms, settings=(*SETTINGS[:-2], "optim.name=sgd", rates)), tmp_path)
    assert found.returncode == 0, found.stderr
    table = pd.read_csv(tmp_path / "runs" / "some" / "trials.csv")
    failed = table[table["state"] == "failed"]
    assert set(table["state"]) == {"finished", "failed"} and (failed["optim.learning_rate"] == 1e30).all()
    assert failed["error"].str.contains("the loss became|answers .* became infinite").all()
    assert failed["score"].isna().all()
    held = outcome(tmp_path / "runs" / "some")
    finished = table[table["state"] == "finished"].set_index("number")
    assert held["best"] == finished["score"].idxmin()
    assert np.isclose(held["trials"][held["best"]]["score"], finished["score"].min())
    assert any("failed: the loss became" in note or "infinite" in note for note in held["notes"])

    every = "search={optim.learning_rate={choice=[1e30, 2e30]}}"
    terms = ("--trials", "2", "--executions", "1", "--epochs", "1")
    none = ended(command(images, "none", *terms, settings=(*SETTINGS[:-2], "optim.name=sgd", every)), tmp_path)
    errors = [line for line in none.stderr.splitlines() if line.startswith("error: ")]
    assert none.returncode == 2 and len(errors) == 1, none.stderr
    assert "none of the 2 trials has finished" in errors[0]


@pytest.mark.parametrize("size", [4096, 60_000, 130_000])
def test_a_full_disk_ends_the_search_in_one_line_and_loses_nothing(images, tmp_path, size):
    terms = ("--trials", "2", "--executions", "1", "--epochs", "2")
    starved = ended(command(images, "full", *terms, program=STARVED.format(size=size) + PROGRAM), tmp_path)
    errors = [line for line in starved.stderr.splitlines() if line.startswith("error: ")]
    assert starved.returncode == 2 and len(errors) == 1 and "Traceback" not in starved.stderr, starved.stderr
    rest = ended(command(images, "full", *terms), tmp_path)
    assert rest.returncode == 0, rest.stderr
    assert {trial["state"] for trial in outcome(tmp_path / "runs" / "full")["trials"]} == {"finished"}
