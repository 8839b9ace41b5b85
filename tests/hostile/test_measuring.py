"""The measure itself: what a child takes, is told and returns."""

import pytest

from measuring import GB, MB, run_chestnut, run_each, run_python

pytestmark = pytest.mark.slow


def test_the_peak_is_that_of_the_child_alone():
    ballast = bytearray(300 * MB)
    ballast[::4096] = b"x" * len(ballast[::4096])
    fill = "x = bytearray(100 * 10**6); x[::4096] = b'x' * len(x[::4096]); del x"
    baseline = run_python("").peak
    assert baseline < 100 * MB
    assert 90 * MB < run_python(fill).peak - baseline < 120 * MB
    found = run_each("y = 1", {"fill": fill, "fail": "1 / 0", "exit": "print(y); raise SystemExit(7)"})
    assert 90 * MB < found["fill"].peak - found[""].peak < 120 * MB
    assert "ZeroDivisionError" in found["fail"].err
    assert [found[name].status for name in ("", "fill", "fail", "exit")] == [0, 0, 1, 7]
    assert found["exit"].out == "1\n"


def test_memory_and_time_are_limited():
    assert "MemoryError" in run_python("bytearray(2 * 10**9)", memory=GB).err
    stopped = run_python("import time; print('begun', flush=True); time.sleep(60)", seconds=0.5)
    assert (stopped.status, stopped.out) == (-9, "begun\n")
    assert stopped.seconds < 10


def test_a_command_line():
    assert run_chestnut("--version").out.startswith("chestnut")
