"""Tests that a killed run resumes to exactly the same weights as one that was never killed."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import chestnut as cn
from chestnut.errors import DeviceError, DiskError, RunError
from chestnut.inference.engines.keras_engine import load_network
from chestnut.training import train as train_module
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.train import Setup, resume
from killing import Killed, kill_at_change

SETTINGS = (
    *("input.height=32", "input.width=32", "model.filters=[4]", "model.dense=[8]", "model.dropout=0.3"),
    *("augment.rotation=10", "augment.noise=0.05", "train.epochs=6", "train.batch_size=8", "train.precision=float32"),
    *("data.fractions=[0.6,0.2,0.2]", "optim.schedule.name=plateau", "train.export=none"),
)


# What runs in the background of a shell ignores Ctrl-C, and what it starts would too
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from chestnut.cli import main; main()"
)


def command(*words):
    return [sys.executable, "-c", PROGRAM, *map(str, words)]


def finished_epochs(run):
    path = run / "history.csv"
    return len(path.read_text().splitlines()) - 1 if path.is_file() else 0


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kill") / "images"
    cn.write_phantom(folder, 50, size=48)
    return folder


@pytest.mark.slow
def test_sigkill_and_resume_give_the_weights_of_an_unbroken_run(images, tmp_path):
    whole = cn.train(cn.load_dataset(images), "cnn-small", settings=SETTINGS, path=tmp_path / "whole", audited=False)
    words = ["train", images, "--no-audit", "--name", "killed", "--runs", tmp_path]
    words += [f"--set={setting}" for setting in SETTINGS]
    killed = tmp_path / "killed"
    process = subprocess.Popen(command(*words), stderr=subprocess.DEVNULL)
    started = time.monotonic()
    while finished_epochs(killed) < 2:
        assert process.poll() is None and time.monotonic() - started < 100
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 2 <= finished_epochs(killed) < 6
    assert not (killed / "bundle").exists()
    subprocess.run(command("train", "--resume", killed), check=True, capture_output=True)
    resumed = cn.open_run(killed)
    assert (resumed.folder.record.status, (killed / "state").exists()) == ("finished", False)
    columns = ["epoch", "loss", "val_loss", "val_auroc", "learning_rate"]
    np.testing.assert_array_equal(whole.history[columns], resumed.history[columns])
    ours, theirs = (load_network(run.path / "bundle" / "model.keras").get_weights() for run in (whole, resumed))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_ctrl_c_leaves_a_usable_run_that_can_be_resumed(images, tmp_path):
    words = ["train", images, "--no-audit", "--name", "stopped", "--runs", tmp_path]
    words += [f"--set={setting}" for setting in (*SETTINGS, "train.epochs=500")]
    run = tmp_path / "stopped"
    process = subprocess.Popen(command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    started = time.monotonic()
    while finished_epochs(run) < 1:
        assert process.poll() is None and time.monotonic() - started < 100
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "validation images" in " ".join(out.split()) and "--resume" in said
    stopped = cn.open_run(run)
    assert stopped.folder.record.status == "stopped"
    assert len(stopped.history) == stopped.folder.record.epochs < 500
    assert stopped.predict(next(images.rglob("*.jpeg"))).probabilities.shape == (1, 2)
    assert (run / "state" / "latest.json").is_file()


def stopped(data, path):
    """A run that stands as if it had been stopped."""
    settings = ("input.height=32", "input.width=32", "model.dense=[4]", "train.epochs=1", "train.precision=float32")
    run = cn.train(
        data, "mlp", settings=(*settings, "data.fractions=[0.6,0.2,0.2]", "train.export=none"), path=path, audited=False
    )
    run.folder.update(status="stopped")
    return run


def weights(run):
    return load_network(run / "bundle" / "model.keras").get_weights()


@pytest.fixture(scope="module")
def unbroken(images, tmp_path_factory):
    """The folder of a run of two epochs, the call that makes another, and all renames and removals of it."""
    folder, patch = tmp_path_factory.mktemp("unbroken"), pytest.MonkeyPatch()

    def make(path):
        data = cn.load_dataset(images)
        return cn.train(data, "cnn-small", settings=(*SETTINGS, "train.epochs=2"), path=path, audited=False)

    make(folder / "first")  # decodes the images
    with kill_at_change(math.inf, patch) as changes:
        make(folder / "second")
    return folder / "second", make, changes


#: Moments of a training by the name of the file that is changed next, and how many of that name have been changed.
MOMENTS = {
    "the folder has just appeared": ("rmdir", "second", 0),
    "the last epoch is saved but not in history.csv": ("replace", "history", 1),
    "the run has finished but its state is still there": ("unlink", "latest.json", 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_at_any_moment_has_the_weights_of_an_unbroken_one(unbroken, moment, tmp_path, monkeypatch):
    whole, make, changes = unbroken
    kind, name, before = MOMENTS[moment]
    places = [place for place, (done, file) in enumerate(changes) if done == kind and name in file]
    with pytest.raises(Killed), kill_at_change(places[before], monkeypatch):
        make(tmp_path / "killed")
    if cn.open_run(tmp_path / "killed").folder.finished:
        with pytest.raises(RunError, match="has finished, so there is nothing to resume; judge it with chestnut eval"):
            cn.resume(tmp_path / "killed")
    else:
        cn.resume(tmp_path / "killed")
    for one, other in zip(weights(whole), weights(tmp_path / "killed"), strict=True):
        np.testing.assert_array_equal(one, other)
    columns = ["epoch", "loss", "val_loss", "learning_rate"]
    resumed = cn.open_run(tmp_path / "killed")
    np.testing.assert_array_equal(cn.open_run(whole).history[columns], resumed.history[columns])
    assert resumed.folder.finished and not resumed.folder.state.exists()


@pytest.mark.slow
def test_a_run_that_a_full_disk_ends_in_its_first_epoch_has_the_weights_of_an_unbroken_one(images, tmp_path):
    settings = ("input.height=32", "input.width=32", "model.dense=[64]", "train.epochs=1", "train.precision=float32")
    settings += ("data.fractions=[0.6,0.2,0.2]", "optim.name=adam", "augment.noise=0.05", "train.export=none")

    def make(path):
        return cn.train(cn.load_dataset(images), "mlp", settings=settings, path=path, audited=False)

    whole, size = make(tmp_path / "whole"), 4 * (32 * 32 + 1) * 64
    with no_file_beyond(2 * size), pytest.raises(DiskError, match="the disk is full"):
        make(tmp_path / "full")
    run = cn.open_run(tmp_path / "full").folder
    assert (run.record.status, run.history.empty) == ("training", True)
    assert [item.name for item in run.state.iterdir() if item.suffix == ".arrays"] == ["start.arrays"]
    cn.resume(run.path)
    for one, other in zip(weights(whole.path), weights(run.path), strict=True):
        np.testing.assert_array_equal(one, other)


@contextmanager
def no_file_beyond(size):
    """Let this process write no file beyond so many bytes, as on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.slow
def test_a_run_of_which_an_older_chestnut_saved_nothing_is_not_resumed_as_another(unbroken, tmp_path, monkeypatch):
    _, make, changes = unbroken
    with pytest.raises(Killed), kill_at_change(changes.index(("rename", "new")) + 1, monkeypatch):
        make(tmp_path / "killed")
    run = cn.open_run(tmp_path / "killed").folder
    (run.state / "start.arrays").unlink()
    with pytest.raises(RunError, match=r"start\.arrays is missing; restore it"):
        cn.resume(run.path)
    record = json.loads(run.environment_file.read_text())
    del record["start_weights"]
    run.environment_file.write_text(json.dumps(record))
    with pytest.raises(RunError, match=r"was begun by an older chestnut, .* remove it and train again"):
        cn.resume(run.path)


@pytest.mark.slow
def test_two_trainings_at_once_take_two_numbers(images, tmp_path, monkeypatch):
    settings = ("input.height=32", "input.width=32", "model.dense=[4]", "train.epochs=1", "train.precision=float32")
    data, draw = cn.load_dataset(images), train_module.draw_samples

    def draw_while_another_begins(*given):
        draw(*given)
        (tmp_path / "mlp-1").mkdir(exist_ok=True)
        (tmp_path / "mlp-1" / "environment.json").touch()

    monkeypatch.setattr(train_module, "draw_samples", draw_while_another_begins)
    run = cn.train(
        data,
        "mlp",
        settings=(*settings, "data.fractions=[0.6,0.2,0.2]", "train.export=none"),
        runs=tmp_path,
        audited=False,
    )
    assert run.path == tmp_path / "mlp-2" and run.folder.finished
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlp-1", "mlp-2"]


def test_a_resume_refuses_images_that_have_changed(images, tmp_path):
    run = stopped(cn.load_dataset(images), tmp_path / "run")
    manifest = run.folder.manifest_file
    frame = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    frame.loc[0, "sha256"] = "0" * 64
    run.folder.write(manifest, frame.to_csv(index=False))
    with pytest.raises(RunError, match="1 images have changed since training began"):
        resume(Setup(run.path))


def test_a_resume_computes_with_as_many_threads_as_the_run_did(images, tmp_path):
    run = stopped(cn.load_dataset(images), tmp_path / "run")
    threads = run.folder.record.threads
    run.folder.update(threads=threads + 1)
    with pytest.raises(DeviceError, match=f"threads={threads + 1}: .* has computed with {threads} threads"):
        resume(Setup(run.path))


def test_one_run_is_trained_by_one_process(images, tmp_path):
    run = stopped(cn.load_dataset(images), tmp_path / "run")
    with Checkpoint(run.folder.state).owned(), pytest.raises(RunError, match="is being trained by another process"):
        resume(Setup(run.path))


def test_a_resume_reports_missing_images(tmp_path):
    cn.write_phantom(tmp_path / "images", 50, size=48)
    data = cn.load_dataset(tmp_path / "images")
    run = stopped(data, tmp_path / "run")
    Path(data.paths[0]).unlink()
    with pytest.raises(RunError, match="1 images of the run can no longer be read"):
        resume(Setup(run.path, skip_bad=True))


def test_resume_takes_no_other_recipe_or_data(tmp_path):
    answer = subprocess.run(
        command("train", "--resume", tmp_path, "--set=train.epochs=3"), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert "--resume continues a run with its own terms; leave out --set" in answer.stderr
