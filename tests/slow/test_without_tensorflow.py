"""The way through with JAX alone: TensorFlow and tf2onnx cannot be imported, and no backend is named.

The same commands, and `ensemble`, `import`, `export`, `tune` and `crossval`, were tried once in an environment that pip
made from requirements.lock without TensorFlow, tf2onnx and Ray.
"""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

import chestnut as cn

pytestmark = pytest.mark.slow

#: Python runs this before anything else.
REFUSING = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "tf2onnx"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
"""

SMALL = [
    *("--set=input.height=32", "--set=input.width=32", "--set=model.filters=[4]", "--set=model.dense=[8]"),
    *("--set=train.epochs=1", "--set=train.batch_size=16", "--set=train.precision=float32"),
]

#: One process runs all commands, since loading Keras takes most of the time.
COMMANDS = """
import json, sys
from chestnut.cli import app

for words in json.loads(sys.argv[1]):
    try:
        app(words, prog_name="chestnut", standalone_mode=False)
    except SystemExit as end:
        if end.code:
            raise
from chestnut.models.device import backend
assert backend() == "jax", backend()
assert "tensorflow" not in sys.modules
"""


def test_jax_alone_trains_predicts_evaluates_explains_and_reports(tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    (tmp_path / "sitecustomize.py").write_text(REFUSING, encoding="utf-8")
    cn.write_phantom(tmp_path / "images", 30, size=48)
    image = min((tmp_path / "images" / "NORMAL").iterdir())
    words = [
        ["train", "images", *SMALL, "--runs", "runs", "--name", "run", "--no-audit"],
        ["predict", "runs/run", str(image), "--json", "onnx.json"],
        ["predict", "runs/run", str(image), "--engine", "keras", "--json", "keras.json"],
        ["evaluate", "runs/run", "--split", "test"],
        ["explain", "runs/run", str(image), "--out", "maps"],
        ["report", "runs/run"],
    ]
    kept = {name: text for name, text in os.environ.items() if not name.endswith("_BACKEND")}
    variables = kept | {"PYTHONPATH": str(tmp_path), "KERAS_HOME": str(tmp_path / "home"), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", COMMANDS, json.dumps(words)]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "run"
    assert (run / "bundle" / "model.onnx").is_file()
    assert list((run / "tensorboard").glob("events.out.tfevents.*"))
    assert (run / "report.html").is_file()
    assert any((tmp_path / "maps").iterdir())
    by_onnx, by_keras = (json.loads((tmp_path / name).read_text())["images"][0] for name in ("onnx.json", "keras.json"))
    assert by_onnx["probabilities"] == pytest.approx(by_keras["probabilities"], abs=1e-4)
    refused = [sys.executable, "-c", "from chestnut.cli import main; main()", "export", str(run), "--format", "litert"]
    said = subprocess.run(refused, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert "LiteRT needs tensorflow; run pip install tensorflow" in said.stderr
    assert not (run / "export" / "litert").exists()
