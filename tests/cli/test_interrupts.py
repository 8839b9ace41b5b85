"""Ctrl-C and a closed pipe: a word and a status, no traceback."""

import subprocess
import sys

import pytest

from chestnut.runs import folder


def test_ctrl_c_says_so(chestnut, monkeypatch, tmp_path):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "find_runs", interrupt)
    status, out, said = chestnut("runs", tmp_path)
    assert (status, out, said) == (130, "", "stopped\n")


@pytest.mark.parametrize("more", [(), ("--json", "-")])
def test_a_reader_that_leaves_early_is_no_fault(more):
    code = "import time; time.sleep(0.2); from chestnut.cli import main; main()"
    words = [sys.executable, "-c", code, "recipes", "cnn-small", *more]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 0, said
    assert "Traceback" not in said and "Exception" not in said
