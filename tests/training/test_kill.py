"""Tests that a killed run resumes to exactly the same weights as one that was never killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import chestnut as cn
from chestnut.errors import DeviceError, RunError
from chestnut.inference.keras_engine import load_network
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.train import Setup, resume

SETTINGS = (
    *("input.height=32", "input.width=32", "model.filters=[4]", "model.dense=[8]", "model.dropout=0.3"),
    *("augment.rotation=10", "augment.noise=0.05", "train.epochs=6", "train.batch_size=8", "train.precision=float32"),
    *("data.fractions=[0.6,0.2,0.2]", "optim.schedule.name=plateau"),
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
    run = cn.train(data, "mlp", settings=(*settings, "data.fractions=[0.6,0.2,0.2]"), path=path, audited=False)
    run.folder.update(status="stopped")
    return run


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
    assert "leave out --recipe, --set and its short forms, --name, --threads and data options" in answer.stderr
