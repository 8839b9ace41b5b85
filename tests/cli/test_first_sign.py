"""The line that a terminal shows while a command starts."""

import io
import os
import pty
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from chestnut.cli import COMMANDS, first_sign
from chestnut.cli.shared.streams import _Messages


@pytest.fixture
def terminal(monkeypatch):
    """A function that puts a terminal in the place of standard error, and returns one that reads what it shows."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)

    def read():
        try:
            return os.read(master, 9999).decode()
        except BlockingIOError:
            return ""

    def put():
        raw = io.FileIO(slave, "w", closefd=False)
        monkeypatch.setattr(sys, "stderr", _Messages(raw, encoding="utf-8", write_through=True))
        return read

    yield put
    os.close(master)
    os.close(slave)


def visible(text):
    """What is left on a line after its letters were written over each other."""
    shown = []
    for part in text.rstrip("\r\n").split("\r"):
        shown[: len(part)] = part
    return "".join(shown).rstrip()


def test_the_command_is_named_until_something_is_written(terminal):
    shown = terminal()
    with first_sign.show_first_sign(["info", "images"], COMMANDS):
        assert shown() == "\rStarting chestnut info …"
        sys.stderr.write("the first words\n")
        assert visible(shown()) == "the first words"
        sys.stderr.write("more\n")
        assert shown() == "more\r\n"
    assert shown() == ""


def test_nothing_stays_when_nothing_is_written(terminal):
    shown = terminal()
    with pytest.raises(KeyError), first_sign.show_first_sign(["info", "images"], COMMANDS):
        raise KeyError
    assert visible(shown()) == ""
    sys.stderr.write("later\n")
    assert shown() == "later\r\n"


def test_a_framework_is_named_when_it_begins_to_load(terminal, monkeypatch):
    shown = terminal()
    monkeypatch.setattr(first_sign, "FRAMEWORKS", {"keras": "Keras", "no_backend": "Backend", "no_other": "Other"})
    with first_sign.show_first_sign(["train", "images"], COMMANDS):
        shown()
        assert find_spec("no_module") is None and shown() == ""
        assert find_spec("no_backend") is None and visible(shown()) == "Loading Backend …"
        assert find_spec("no_other") is None and shown() == ""
    assert find_spec("no_backend") is None and visible(shown()) == ""


def test_a_framework_is_not_named_in_the_middle_of_what_is_written(terminal, monkeypatch):
    shown = terminal()
    monkeypatch.setattr(first_sign, "FRAMEWORKS", {"no_backend": "Backend"})
    with first_sign.show_first_sign(["train", "images"], COMMANDS):
        sys.stderr.write("decoding")
        shown()
        assert find_spec("no_backend") is None and shown() == ""


@pytest.mark.parametrize("words", [[], ["--version"], ["nonsense"], ["info", "-h"], ["info", "--help"]])
def test_what_answers_at_once_has_no_line(terminal, words):
    shown = terminal()
    with first_sign.show_first_sign(words, COMMANDS):
        pass
    assert shown() == ""


def test_no_line_is_shown_where_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with first_sign.show_first_sign(["info", "images"], COMMANDS):
        pass
    assert sys.stderr.getvalue() == ""


@pytest.mark.slow
def test_a_whole_command_leaves_only_its_own_words_on_the_terminal():
    master, slave = pty.openpty()
    code = "from chestnut.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", code, "recipes"], stdout=slave, stderr=slave)
    os.close(slave)
    said = b""
    try:
        while piece := os.read(master, 9999):
            said += piece
    except OSError:  # how Linux tells that the other end has closed
        pass
    os.close(master)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
    assert text.startswith("\rStarting chestnut recipes …\r")
    lines = [visible(line.rstrip("\r")) for line in text.split("\n")]
    assert not any("Starting" in line for line in lines) and any("cnn-small" in line for line in lines)
