"""Tests of what is kept of compiled networks; a processor stands in for a GPU in a process of its own."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from chestnut.cli import app
from chestnut.data.cache import cache
from chestnut.data.cache.store import compiled_folder, measure_compiled

#: Compiles one network, and prints how many programs JAX then found in the folder.
SCRIPT = """
import sys
from pathlib import Path
import jax
from jax import monitoring, numpy as jnp
from chestnut.models import compile_cache
found = []
monitoring.register_event_listener(lambda event, **_: found.append(event) if event.endswith("cache_hits") else None)
if sys.argv[2] == "gpu":
    compile_cache.accelerators = lambda: ["gpu:0"]
compile_cache.keep_compiled(Path(sys.argv[1]))
jax.jit(lambda x: jnp.sin(x) @ x)(jnp.ones((8, 8))).block_until_ready()
print(len(found))
"""


def compile_network(folder, device, **more):
    environment = os.environ | {"KERAS_BACKEND": "jax"} | more
    words = [sys.executable, "-c", SCRIPT, str(folder), device]
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return int(answer.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_second_process_finds_what_the_first_compiled(tmp_path):
    pytest.importorskip("jax")
    assert compile_network(tmp_path / "kept", "gpu") == 0
    assert compile_network(tmp_path / "kept", "gpu") > 0
    assert compile_network(tmp_path / "processor", "cpu") == 0
    assert not (tmp_path / "processor").exists()
    assert compile_network(tmp_path / "other", "gpu", JAX_COMPILATION_CACHE_DIR=str(tmp_path / "own")) == 0
    assert not (tmp_path / "other").exists(), "the user has named another folder"


def test_cleaning_the_cache_removes_what_was_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path))
    compiled_folder().mkdir()
    (compiled_folder() / "jit_step-cache").write_bytes(b"0" * 700)
    assert measure_compiled() == 700
    assert cache.clean(older_than_days=0) == 0
    shown = CliRunner().invoke(app, ["cache"])
    assert "700 B" in shown.stdout
    assert cache.clean() == 700
    assert not compiled_folder().exists()
