"""Runs that are used alone end with `model.onnx`, and what changes a bundle later keeps it."""

import json

import numpy as np
import pytest

import chestnut as cn
from calling import call
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.engines.onnx_engine import OnnxEngine
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.runs.folder import RunFolder

SMALL = [
    *("--set=input.height=32", "--set=input.width=32", "--set=train.epochs=1", "--set=train.precision=float32"),
    *("--no-audit", "--set=data.fractions=[0.6,0.4,0]", "--runs=runs"),
]
CNN = ("--set=model.filters=[4]", "--set=model.dense=[4]")


def require_same_answers(run):
    """The network in ONNX form is that of the bundle as it is now."""
    bundle = read_run_bundle(run)
    assert bundle.parity.difference < 1e-5 and bundle.parity.opset == 18
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32), dtype=np.uint8)
    engines = KerasEngine.open(bundle), OnnxEngine.open(bundle)
    own, other = (one.probabilities(pixels, ["a"] * 5, bundle.temperature) for one in engines)
    np.testing.assert_allclose(own, other, atol=1e-5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    assert call(["phantom", "images", "--patients", 80, "--size", 48], folder) == 0
    for name, recipe, settings in (("cnn", "cnn-small", CNN), ("hog", "hog-logistic", ())):
        words = ["train", "images", "--recipe", recipe, "--name", name, *SMALL, *settings]
        assert call(words, folder) == 0
    return folder


@pytest.mark.slow
def test_every_way_to_a_run_ends_with_it(folder):
    assert call(["ensemble", "runs/cnn", "runs/hog", "--name", "both", "--runs", "runs"], folder) == 0
    for name in ("cnn", "hog", "both"):
        require_same_answers(RunFolder.open(folder / "runs" / name))


@pytest.mark.slow
def test_what_changes_a_bundle_keeps_it(folder):
    run = cn.open_run(folder / "runs" / "cnn")
    content = (run.path / "bundle" / "model.onnx").read_bytes()
    run.calibrate(quiet=True)
    run.choose_threshold("youden", quiet=True)
    run.guard(quiet=True)
    assert (run.path / "bundle" / "model.onnx").read_bytes() == content
    require_same_answers(run.folder)
    found = json.loads(read_info(folder))
    assert found["onnx"]["opset"] == 18 and found["exports"] == []


def read_info(folder):
    assert call(["info", "runs/cnn", "--json", "info.json", "--force"], folder) == 0
    return (folder / "info.json").read_text()
