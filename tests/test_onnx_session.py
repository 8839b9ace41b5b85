"""Networks are opened with stated threads that do not spin, also where a process may not use all cores."""

import os
import subprocess
import sys

import onnxruntime
import pytest

from chestnut import onnx_session
from chestnut.serve.scoring.scorer import Scorer
from onnx_bundle import write_onnx_bundle


@pytest.mark.parametrize(("given", "cores", "threads"), [(None, 1, 1), (None, 6, 6), (3, 6, 3)])
def test_the_number_of_threads_is_always_stated_and_idle_ones_sleep(monkeypatch, given, cores, threads):
    """Zero would let ONNX Runtime pin a thread to each core of the machine."""
    opened = []
    monkeypatch.setattr(onnx_session, "core_count", lambda: cores)
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda content, options, providers: opened.append(options))
    onnx_session.open_session(b"", threads=given)
    (options,) = opened
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (threads, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system does not bind processes to cores")
def test_a_network_runs_where_one_core_is_allowed(tmp_path):
    run = write_onnx_bundle(tmp_path / "bright")
    program = f"""
import os, pathlib
os.sched_setaffinity(0, {{max(os.sched_getaffinity(0))}})
from {Scorer.__module__} import Scorer
Scorer.open(pathlib.Path({str(run)!r})).warm()
print(len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert not ended.stderr
    assert int(ended.stdout) <= 4
