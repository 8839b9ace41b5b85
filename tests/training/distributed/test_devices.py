"""Several devices: the share of each, what is refused, and that they train as one does.

The whole way through a run, on every backend and on several hosts, is walked in tests/slow.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.config import Recipe
from chestnut.errors import DeviceError, RecipeError
from chestnut.models.build import build_recipe
from chestnut.models.device import repeatable
from chestnut.training.batches import Batches
from chestnut.training.distributed.devices import ONE, Devices, claim
from chestnut.training.distributed.hosts import Hosts
from chestnut.training.inputs import Images
from chestnut.training.learner import Learner

TINY = ("input.height=16", "input.width=16", "model.filters=[4]", "model.dense=[8]", "train.precision=float32")


@given(rows=st.integers(1, 40), each=st.integers(1, 5), hosts=st.integers(1, 4))
def test_shares_of_all_hosts_are_the_batch_and_the_padding_weighs_nothing(rows, each, hosts):
    batch, values = np.arange(100, 100 + rows), np.random.default_rng(rows).normal(size=1000)
    shares = [Devices(each * hosts, hosts, host).share(batch) for host in range(hosts)]
    if each * hosts == 1:
        assert shares[0][0] is batch and shares[0][1] is None
        return
    assert len({len(share) for share, _ in shares}) == 1
    assert len(shares[0][0]) % each == 0
    together, weights = (np.concatenate(parts) for parts in zip(*shares, strict=True))
    np.testing.assert_array_equal(together[:rows], batch)
    assert set(together[rows:]) <= set(batch)
    assert (weights > 0).sum() == rows
    # Keras divides a loss by the number of images, padding and all
    assert (weights * values[together]).sum() / len(together) == pytest.approx(values[batch].mean(), abs=1e-5)


@pytest.mark.parametrize(
    "changes",
    [pytest.param((), marks=pytest.mark.slow), ("data.balance=weights", "loss.name=focal", "model.head=sigmoid")],
)
def test_padded_batches_train_like_unpadded_ones(changes):
    recipe = Recipe(name="tiny").changed([*TINY, "train.batch_size=6", *changes])
    random, targets = np.random.default_rng(0), np.arange(10) % 3 % 2
    pixels = random.integers(0, 256, (10, 16, 16), dtype=np.uint8)
    ends = []
    for devices in (ONE, Devices(count=3)):
        repeatable(0)
        learner = Learner(build_recipe(recipe, 2), recipe, "float32")
        batches = Batches(Images(pixels, recipe.input), targets, recipe, 2, devices)
        assert len(batches[1][0]) == (4 if devices is ONE else 6)
        logs = learner.fit(batches, epochs=2, shuffle=False, verbose=0).history
        ends.append([*logs["cross_entropy"], *logs["accuracy"], *(item.numpy() for item in learner.trainable_weights)])
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda: claim(0), r"devices=0: tensorflow has 1 here \(cpu:0\); give 1 to 1, or set CHESTNUT_CPU_DEV"),
        (lambda: claim(1, Hosts("a:1", 2, 0)), "several hosts need JAX, but the backend is tensorflow; set"),
        (lambda: Hosts("10.0.0.1", 2, 0), "coordinator=.10.0.0.1.: give the ADDRESS:PORT of host 0"),
        (lambda: Hosts("10.0.0.1:7", 1, 0), "hosts=1: give 2 or more"),
        (lambda: Hosts("10.0.0.1:7", 2, 2), "host=2: give 0 to 1"),
    ],
)
def test_missing_devices_and_hosts_are_refused(given, said):
    with pytest.raises(DeviceError, match=said):
        given()


def test_a_batch_that_devices_cannot_share_evenly_is_refused():
    with pytest.raises(RecipeError, match=r"train.batch_size is 32, which 3 devices cannot share .*batch_size=33"):
        Devices(count=3).check(Recipe(name="x"))


@pytest.mark.parametrize("value", ["0", "two"])
def test_a_wrong_number_of_parts_of_the_processor_is_refused(monkeypatch, value):
    monkeypatch.setenv("CHESTNUT_CPU_DEVICES", value)
    with pytest.raises(DeviceError, match=f"CHESTNUT_CPU_DEVICES={value} is not a number of devices"):
        claim()


@pytest.mark.slow
def test_two_devices_train_as_one_does(tmp_path):
    script = Path(__file__).with_name("two_devices.py")
    answer = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    np.testing.assert_allclose(found["two"], found["one"], atol=1e-5)
    assert np.shape(found["one"]) == (2, 3)
    assert found["apart"] < 1e-5
