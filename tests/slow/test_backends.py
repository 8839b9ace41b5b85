"""A run on every backend at hand: on one device; then shared by several, stopped, resumed, judged and used.

Takes half a minute a backend on an idle machine of two cores.
"""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import chestnut as cn

pytestmark = pytest.mark.slow

SMALL = [
    *("--set=input.height=32", "--set=input.width=32", "--set=model.filters=[4]", "--set=model.dense=[8]"),
    *("--set=train.epochs=2", "--set=train.batch_size=8", "--set=train.precision=float32", "--set=model.dropout=0.3"),
    *("--set=data.fractions=[0.6,0.2,0.2]", "--set=augment.rotation=5", "--no-audit"),
]


def needs(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")


def environment(backend, **more):
    return os.environ | {"KERAS_BACKEND": backend, **more}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backends") / "images"
    cn.write_phantom(folder, 40, size=48)
    return folder


@pytest.mark.parametrize(("backend", "devices"), [("tensorflow", 2), ("jax", 2), ("torch", 1)])
def test_a_run_on_several_devices_stopped_and_resumed_is_that_of_one(images, tmp_path, backend, devices):
    needs(backend)
    script = Path(__file__).with_name("backend_path.py")
    words = [sys.executable, script, images, tmp_path, str(devices)]
    answer = subprocess.run(words, env=environment(backend), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found["stopped"] == ["stopped", 1]
    assert found["devices"] == devices
    assert found["images"] % 2 == 1, "the last batch was to be padded"
    whole, shared = (np.array(history) for history in found["histories"])
    assert whole.shape == (2, 4)
    np.testing.assert_allclose(shared, whole, atol=1e-5)
    assert found["apart"] < 1e-5 < found["moved"]
    assert 0 <= found["auroc"] <= 1
    assert 0 <= found["exported"] < 1e-5
    assert found["sum"] == pytest.approx(1)
    assert f"devices={devices + 1}: {backend} has {devices} here" in found["refused"]


def command(*words):
    return [sys.executable, "-c", "from chestnut.cli import main; main()", *map(str, words)]


def test_two_hosts_train_as_one_does_and_host_0_writes(images, tmp_path):
    needs("jax")
    words = ["train", images, *SMALL]
    alone = [*words, "--runs", tmp_path / "alone", "--name", "run"]
    subprocess.run(command(*alone), env=environment("jax"), check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    hosts = [
        subprocess.Popen(
            command(
                *words,
                *("--runs", tmp_path / f"host-{host}", "--name", "run", "--devices", 2),
                *("--coordinator", f"127.0.0.1:{port}", "--hosts", 2, "--host", host),
            ),
            env=environment("jax", CHESTNUT_CPU_DEVICES="2"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for host in (0, 1)
    ]
    said = [process.communicate(timeout=600) for process in hosts]
    assert [process.returncode for process in hosts] == [0, 0], said
    assert "host 1 of 2 has finished" in said[1][1]
    assert not (tmp_path / "host-1").exists()
    run = cn.open_run(tmp_path / "host-0" / "run")
    record = run.folder.record
    assert (record.status, record.devices, record.hosts) == ("finished", 4, 2)
    columns = ["loss", "accuracy", "val_loss", "val_auroc"]
    expected = pd.read_csv(tmp_path / "alone" / "run" / "history.csv")[columns]
    np.testing.assert_allclose(run.history[columns], expected, atol=1e-5)
