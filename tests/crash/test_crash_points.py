"""Commands that are killed, or whose disk is full, at some of their changes; `make crash` tries all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="no folder of open files below /proc")
def test_commands_survive_kills_and_full_disks(tmp_path):
    command = [sys.executable, "-m", "crash", "--most", "3", "--quick"]
    ended = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(TESTS)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "all survived" in ended.stdout
