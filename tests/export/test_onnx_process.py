"""ONNX Runtime in a process of its own: it tells nobody, leaves no file, and computes where there is one core alone."""

import pytest

from measuring import run_python
from onnx_bundle import write_onnx_bundle

COMPUTE = """
import os, sys, threading, time
from pathlib import Path
if sys.argv[2] == "one core":
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
seen, ended = set(), threading.Event()
def watch():
    while not ended.is_set():
        for number in os.listdir("/proc/self/fd"):
            try:
                seen.add(os.readlink(f"/proc/self/fd/{number}").partition(":")[0])
            except OSError:
                pass
        time.sleep(0.002)
threading.Thread(target=watch).start()
import numpy as np
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.onnx_engine import OnnxEngine
engine = OnnxEngine.open(Bundle.read(Path(sys.argv[1])))
pixels = np.random.default_rng(0).integers(0, 256, (64, 32, 32), dtype=np.uint8)
before = len(os.listdir("/proc/self/task"))
for count in (1, 3, 8, 64):
    engine.logits(pixels[:count])
time.sleep(0.5)
ended.set()
options = engine.session.get_session_options()
print("socket" in seen, options.intra_op_num_threads, options.inter_op_num_threads)
"""


@pytest.mark.slow
@pytest.mark.parametrize("cores", ["one core", "all cores"])
def test_it_tells_nobody_leaves_nothing_and_states_its_threads(cores, tmp_path):
    bundle, home = write_onnx_bundle(tmp_path / "run") / "bundle", tmp_path / "home"
    home.mkdir()
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "XDG_CONFIG_HOME": str(home / "config")}
    found = run_python(COMPUTE, str(bundle), cores, folder=tmp_path, environment=places)
    assert found.status == 0, found.err
    told, threads, between = found.out.split()
    assert (told, between, found.err) == ("False", "1", "")
    assert threads == "1" if cores == "one core" else int(threads) >= 1
    assert list(home.rglob("*")) == []
