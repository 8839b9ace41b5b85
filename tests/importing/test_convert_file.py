"""What becomes of the process that opens a foreign file: other answers, no end, no memory, no outcome."""

import json
import subprocess

import numpy as np
import pytest

from chestnut.errors import ForeignFileError
from chestnut.importing import convert
from chestnut.importing.request import ANSWERS, OUTCOME, Request


@pytest.fixture
def request_of(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"\x89HDF")
    return Request(str(path), "0" * 64, 16, 16, 1, "0-1", 2, (0, 1), 6 * 2**30)


def ends(monkeypatch, folder, outcome=None, code=0, said="", **answers):
    """Let the process end in a way, without starting it."""

    def run(command, stdout, **given):
        stdout.write(said)
        if outcome is not None:
            (folder / OUTCOME).write_text(json.dumps(outcome))
            np.savez(folder / ANSWERS, **answers)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(convert.subprocess, "run", run)


DONE = {"head": "sigmoid", "plain": True}
HALF = np.full((3, 2), 0.5)


@pytest.mark.parametrize(("off", "accepted"), [(9e-7, True), (1.1e-6, False), (float("nan"), False)])
def test_answers_may_differ_by_a_millionth(monkeypatch, tmp_path, request_of, off, accepted):
    ends(monkeypatch, tmp_path, DONE, ours=HALF, theirs=HALF + off)
    images = np.zeros((3, 16, 16), np.uint8)
    if accepted:
        found = convert.convert_file(request_of, images, tmp_path)
        assert (found.images, found.head, found.plain) == (3, "sigmoid", True)
        assert found.difference == pytest.approx(off)
    else:
        with pytest.raises(ForeignFileError, match=r"differ by up to .*, more than the 1e-06 that is allowed"):
            convert.convert_file(request_of, images, tmp_path)


ENDS = {
    "refused": ({"outcome": {"refused": "model.h5 cannot be imported: why"}}, "cannot be imported: why"),
    "starved": ({"outcome": {"starved": "OOM"}}, "takes more than the 6.4 GB of memory that a file of its size"),
    "killed": ({"code": -9}, "takes more than the 6.4 GB of memory"),
    "no addresses": ({"code": 1, "said": "std::bad_alloc\n"}, "takes more than the 6.4 GB of memory"),
    "crashed": ({"code": 1, "said": "Traceback\nKeyError: 'x'\n"}, "the process that opened it failed (KeyError: 'x')"),
    "silent": ({"code": 3}, "the process that opened it failed (no reason given)"),
}


@pytest.mark.parametrize("kind", ENDS)
def test_how_the_process_ended_is_told_in_one_line(monkeypatch, tmp_path, request_of, kind):
    how, message = ENDS[kind]
    ends(monkeypatch, tmp_path, **how)
    with pytest.raises(ForeignFileError) as caught:
        convert.convert_file(request_of, np.zeros((3, 16, 16), np.uint8), tmp_path)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_process_without_end_is_ended(monkeypatch, tmp_path, request_of):
    monkeypatch.setattr(convert, "_SECONDS", 0.02)
    with pytest.raises(ForeignFileError, match="its network was not converted within 0 seconds"):
        convert.convert_file(request_of, np.zeros((3, 16, 16), np.uint8), tmp_path)
