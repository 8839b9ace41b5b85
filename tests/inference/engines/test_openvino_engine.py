"""OpenVINO computes what ONNX Runtime computes, in threads side by side, and tells nobody that it was loaded."""

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest

from chestnut.errors import BundleError
from chestnut.inference.bundle import Bundle
from chestnut.inference.engine_choice import EngineSettings, open_engine
from measuring import run_python
from onnx_bundle import write_onnx_bundle

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("openvino") is None, reason="needs pip install 'chestnut[openvino]'"),
]

LOOK = """
import socket, sys
socket.socket.connect = lambda *_: print("connects")
socket.getaddrinfo = lambda *_, **__: print("looks up")
from chestnut.openvino_core import load_openvino
load_openvino()
print([name for name in sys.modules if name.startswith("openvino_telemetry.")])
"""


def test_threads_get_their_own_answers(tmp_path):
    bundle = Bundle.read(write_onnx_bundle(tmp_path / "run") / "bundle")
    images = np.random.default_rng(0).integers(0, 256, (64, 32, 32), dtype=np.uint8)
    engines = [open_engine(bundle, EngineSettings(name, workers=4)) for name in ("onnx", "openvino")]
    wanted, found = (engine.features(images, [""] * 64) for engine in engines)
    np.testing.assert_allclose(found.logits, wanted.logits, atol=1e-5)
    np.testing.assert_allclose(found.features, wanted.features, atol=1e-4)
    with ThreadPoolExecutor(4) as pool:
        rows = pool.map(lambda row: engines[1].logits(images[row : row + 1]), list(range(64)) * 4)
        np.testing.assert_allclose(np.concatenate(list(rows)), np.tile(wanted.logits, (4, 1)), atol=1e-5)


def test_a_network_has_computed_before_threads_share_it(tmp_path):
    """Two threads whose first inferences met in OpenVINO's one-time set-up waited for each other for ever."""
    bundle = Bundle.read(write_onnx_bundle(tmp_path / "run") / "bundle")
    engine = open_engine(bundle, EngineSettings("openvino"))
    assert engine.idle.qsize() == 1


def test_nobody_is_told(tmp_path):
    found = run_python(LOOK, folder=tmp_path, environment={"HOME": str(tmp_path)})
    assert (found.status, found.out) == (0, "[]\n"), found.err
    assert list(tmp_path.rglob("*")) == []


def test_a_damaged_network_is_one_line(tmp_path, monkeypatch):
    bundle = Bundle.read(write_onnx_bundle(tmp_path / "run") / "bundle")
    monkeypatch.setattr("chestnut.inference.engines.openvino_engine.read_network", lambda bundle: b"no network")
    with pytest.raises(BundleError, match=r"OpenVINO cannot load the network of .*; give engine=onnx"):
        open_engine(bundle, EngineSettings("openvino"))
