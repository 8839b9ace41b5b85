"""`chestnut predict` as a process: killed again and again, without Keras, and in the memory of a few images."""

import signal
import subprocess
import sys
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import chestnut as cn
from chestnut.inference import predictor
from chestnut.inference.guard.looks import Seen
from measuring import MB, run_python
from onnx_bundle import write_onnx_bundle
from processes import wait_until

pytestmark = pytest.mark.slow

#: Chunks of eight images, and a pause for each image, so that a kill comes in the middle.
PROGRAM = """
import sys, time
from chestnut.inference import predictions, predictor
predictions.CHUNK = 8
attempt, pause = predictor.Predictor._attempt, float(sys.argv.pop(1))
predictor.Predictor._attempt = lambda self, path: (time.sleep(pause), attempt(self, path))[1]
from chestnut.cli import main
main()
"""

#: What must not be loaded in order to predict a file.
HEAVY = ("tensorflow", "keras", "sklearn", "scipy", "matplotlib", "openvino", "ray", "fastapi", "sqlalchemy")
LOOK = f"""
import atexit, sys
atexit.register(lambda: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr))
from chestnut.cli import main
main()
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_onnx_bundle(tmp_path_factory.mktemp("model") / "run") / "bundle"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for number in range(300):
        Image.fromarray(np.full((32, 32), number % 256, np.uint8)).save(folder / f"{number:03}.png")
    for number in (5, 100, 299):
        (folder / f"{number:03}.png").write_bytes(b"no image")
    return folder


def command(bundle, images, csv, pause=0.0):
    return [sys.executable, "-c", PROGRAM, str(pause), "predict", bundle, images, "--csv", csv]


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_kills_neither_repeat_nor_lose_a_row(bundle, images, tmp_path):
    subprocess.run(command(bundle, images, "whole.csv"), cwd=tmp_path, check=True, capture_output=True)
    begun = tmp_path / "out.csv.part"
    for aim in (2, 21):
        slow = subprocess.Popen(command(bundle, images, "out.csv", 0.01), cwd=tmp_path, stdout=subprocess.DEVNULL)
        wait_until(lambda aim=aim: lines(begun) > aim, 60)
        slow.send_signal(signal.SIGKILL)
        slow.wait()
        assert not (tmp_path / "out.csv").exists() and aim < lines(begun) < 39
        with begun.open("ab") as file:
            file.write(b'{"first":')  # as a kill in the middle of a line would leave it
    done = subprocess.run(command(bundle, images, "out.csv"), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "297 images: " in done.stdout and "3 files could not be read" in done.stdout
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "whole.csv"]
    assert len(pd.read_csv(tmp_path / "out.csv")) == 300


def test_what_trains_is_not_loaded_to_predict(bundle, images, tmp_path):
    found = run_python(LOOK, "predict", bundle, images / "000.png", folder=tmp_path)
    assert found.status == 0 and found.err.splitlines()[-1] == "[]", found.err


def test_a_long_list_takes_the_memory_of_a_short_one(bundle, images, tmp_path, monkeypatch):
    """The paths of 6,000 images would take 6 MB, and a table of them more."""
    seen = Seen(np.zeros((32, 32), np.uint8), np.zeros((32, 32), np.uint8), (32, 32))
    read = predictor._Read(seen, True, "0" * 64)
    monkeypatch.setattr(predictor.Predictor, "_attempt", lambda self, path: read)
    for number in range(20):
        inside = (tmp_path / "all" / f"{number:03}").joinpath(*["long" * 60] * 4)
        inside.mkdir(parents=True)
        for name in range(300):
            (inside / f"{name}.png").touch()
    peaks = []
    for given in (sorted((tmp_path / "all").iterdir())[:4], [tmp_path / "all"]):
        tracemalloc.start()
        found = cn.predict_csv(bundle, given, tmp_path / f"{len(given)}.csv", quiet=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert found.images == 6000
    assert peaks[1] < peaks[0] + MB
