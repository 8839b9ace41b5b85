"""Closed, full and narrow streams, and starved processes: the result, or one line and exit status 2."""

import errno
import io
import json
import os
import pty
import resource
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.text import Text

from calling import call
from chestnut import cli
from chestnut.cli.shared import output, streams, surroundings
from chestnut.cli.shared.tables import table
from chestnut.errors import ChestnutError, DiskError
from chestnut.files.json_files import encodable, json_text

#: The command line, for a shell.
CHESTNUT = f"{shlex.quote(sys.executable)} -c 'from chestnut.cli import main; main()'"
NO_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


def run(command, folder, **more):
    """Run a shell's command line; returns (exit status, standard output, standard error) as bytes."""
    script = command.replace("chestnut", CHESTNUT)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"} | more,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"Traceback" not in done.stderr and b"Exception" not in done.stderr, done.stderr.decode()
    return done.returncode, done.stdout, done.stderr


#: What standard output and error are, the exit status, and what is said.
FAULTS = {
    "output closed": ("chestnut recipes >&-", 2, "error: standard output is closed"),
    "error closed": ("chestnut recipes 2>&-", 0, ""),
    "both closed": ("chestnut recipes >&- 2>&-", 2, ""),
    "input closed": ("chestnut recipes <&-", 0, ""),
    "error closed, a fault": ("chestnut runs nowhere 2>&-", 2, ""),
    "a deleted working directory": ("mkdir gone; cd gone; rmdir ../gone; chestnut runs", 2, "error: no folder runs"),
    "no home": ("unset HOME; TMPDIR=/nowhere TERM=dumb chestnut recipes", 0, ""),
}
FULL = {
    "output full": ("chestnut recipes >/dev/full", 2, "error: cannot write to standard output: no space left"),
    "output full, JSON": ("chestnut recipes --json - >/dev/full", 2, "error: cannot write to standard output"),
    "output full, version": ("chestnut --version >/dev/full", 2, "error: cannot write to standard output"),
    "output full, help": ("chestnut --help >/dev/full", 2, "error: cannot write to standard output"),
    "error full": ("chestnut recipes 2>/dev/full", 0, ""),
    "both full": ("chestnut recipes >/dev/full 2>&1", 2, ""),
    "help, and the reader leaves": ("chestnut --help | true; exit ${PIPESTATUS[0]}", 0, ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", FAULTS)
def test_a_stream_that_is_closed(case, tmp_path):
    command, status, said = FAULTS[case]
    found, out, err = run(command, tmp_path)
    assert found == status and said in err.decode()
    assert len(err.splitlines()) <= 1 and (b"cnn-small" in out) == (status == 0)


@NO_FULL
@pytest.mark.slow
@pytest.mark.parametrize("case", FULL)
def test_a_stream_that_is_full_or_left(case, tmp_path):
    command, status, said = FULL[case]
    found, _, err = run(command, tmp_path)
    assert found == status and said in err.decode() and len(err.splitlines()) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "surroundings_",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"COLUMNS": "0"},
        {"COLUMNS": "9" * 5000, "LINES": "²"},
    ],
    ids=["ascii", "C", "no columns", "many columns"],
)
def test_an_encoding_or_a_width_that_fits_nothing(surroundings_, tmp_path):
    status, out, _ = run("chestnut recipes && chestnut recipes --json -", tmp_path, **surroundings_)
    assert status == 0 and b"cnn-small" in out
    assert "×" in json.dumps(json.loads(out[out.index(b"\n{") :]), ensure_ascii=False)


@pytest.mark.slow
def test_limits_of_memory_end_in_one_line(tmp_path):
    status, out, err = run("ulimit -v 1000000; chestnut train images", tmp_path)
    assert (status, out) == (2, b"") and len(err.splitlines()) == 1
    assert b"error: not enough memory: this process may have 1.0 GB of addresses" in err
    for kilobytes in (200_000, 600_000):
        status, _, err = run(f"ulimit -v {kilobytes}; chestnut split nowhere", tmp_path)
        assert status == 2 and err.startswith(b"error: ") and len(err.splitlines()) == 1


@pytest.mark.slow
def test_words_that_are_no_text_and_names_with_markup(tmp_path):
    for word in (r"$'\xff'", r"$'\x1b[31m'"):
        status, out, err = run(f"chestnut runs {word}", tmp_path)
        assert (
            (status, out) == (2, b"") and b"error: the argument '" in err and b"\x1b" not in err and b"\xff" not in err
        )
    status, _, err = run("mkdir '[/x]'; chestnut runs '[/x]'; chestnut runs '[red]x'", tmp_path)
    assert status == 2 and b"error: no folder [red]x;" in err


def test_a_command_line_with_control_characters_is_refused(capsys, tmp_path):
    for word in ("a\0b", "a\x1b]0;x\x07b", "\udcff", "a\u2028b"):
        assert call(["runs", word], tmp_path) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: the argument ") and len(said.splitlines()) == 1 and said.isprintable() is False
        assert said.strip().isprintable()
    assert call(["runs", "two\nlines"], tmp_path) == 2
    assert "error: no folder two lines" in capsys.readouterr().err


class Broken(io.RawIOBase):
    """A file that takes nothing."""

    def __init__(self, code, descriptor):
        self.code, self.descriptor = code, descriptor

    def writable(self):
        return True

    def fileno(self):
        return self.descriptor

    def write(self, data):
        raise OSError(self.code, os.strerror(self.code))


@pytest.fixture
def broken(tmp_path):
    """Make streams that take nothing, of a file of their own."""
    opened = []

    def make(kind, code):
        opened.append(os.open(tmp_path / f"{len(opened)}", os.O_WRONLY | os.O_CREAT))
        raw = Broken(code, opened[-1])
        stream = kind(io.BufferedWriter(raw), encoding="utf-8")
        stream.opened = raw
        return stream

    yield make
    for descriptor in opened:
        os.close(descriptor)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EBADF, errno.EPIPE])
def test_output_that_is_lost_is_an_error_and_messages_that_are_lost_are_not(broken, code):
    result, messages = (broken(kind, code) for kind in (streams._Output, streams._Messages))
    kind = streams.ReaderLeftError if code == errno.EPIPE else DiskError
    for stream in (result, messages):
        stream.write("x" * 9)
    with pytest.raises(kind):
        result.flush()
    messages.flush()
    for stream in (result, messages):
        stream.opened.write = len  # as if it had been led elsewhere, so that closing it is quiet


#: An error of the surroundings, and what is said of it; None for what is a bug.
SURROUNDINGS = {
    MemoryError(): "not enough memory",
    OSError(errno.ENOMEM, "Cannot allocate memory"): "not enough memory",
    RuntimeError("can't start new thread"): "not enough memory",
    RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"): "not enough memory",
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"): "not enough memory",
    ImportError("libx.so: failed to map segment from shared object"): "not enough memory",
    RecursionError(): "nested too deeply",
    OSError(errno.ENAMETOOLONG, "File name too long", "x" * 5000): "file name too long",
    PermissionError(errno.EACCES, "Permission denied", "a\x1bb"): r"cannot use 'a\x1bb': permission denied",
    FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)): "the working directory was removed",
    FileNotFoundError(errno.ENOENT, "No usable temporary directory found"): "no usable temporary directory",
    UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "surrogates not allowed"): "rename it",
    RuntimeError("a bug"): None,
    ImportError("no module"): None,
    OSError("without a number"): None,
}


@pytest.mark.parametrize("error", SURROUNDINGS, ids=lambda error: type(error).__name__)
def test_a_fault_of_the_surroundings_is_one_line_and_a_bug_is_not_hidden(error, monkeypatch, capsys):
    def fail(**_):
        raise error

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(sys, "argv", ["chestnut"])
    said = SURROUNDINGS[error]
    if said is None:
        with pytest.raises(type(error)):
            cli.main()
        return
    with pytest.raises(SystemExit) as ended:
        cli.main()
    err = capsys.readouterr().err
    assert ended.value.code == 2 and said in err and len(err.splitlines()) == 1 and len(err) < 600


@pytest.mark.slow
def test_a_framework_that_has_no_memory_left_is_one_line(monkeypatch, capsys):
    tensorflow = pytest.importorskip("tensorflow")

    def fail(**_):
        raise tensorflow.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[9]")

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(sys, "argv", ["chestnut"])
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().err.startswith("error: not enough memory")


def test_memory_is_required_by_what_a_command_loads(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2_000_000_000, resource.RLIM_INFINITY))
    surroundings.require_memory("runs")
    for command in ("train", "audit"):
        with pytest.raises(ChestnutError, match=f"chestnut {command} needs"):
            surroundings.require_memory(command)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    surroundings.require_memory("train")


def test_nothing_that_is_printed_steers_the_terminal(capsys):
    shown = table("a\x1b[2Jb", ("name",))
    shown.add_row("c\x9b31md")
    shown.add_row(Text("e\x1b]0;title\x07f"))
    output.out.print(shown)
    output.out.print("[red]g[/nope] :smile: \x1b[31m")
    output.say("h\u202e\udcff")
    said = capsys.readouterr()
    assert not {"\x1b", "\x9b", "\x07", "\u202e", "\udcff"} & set(said.out + said.err)
    assert r"a\x1b[2Jb" in said.out and "[red]g[/nope] :smile: \\x1b[31m" in said.out and "\\u202e\\udcff" in said.err


def test_colours_and_columns_still_reach_a_terminal():
    ours, theirs = pty.openpty()
    read = []
    reader = threading.Thread(target=lambda: read.append(os.read(ours, 10_000)))
    reader.start()
    with open(theirs, "w", encoding="utf-8") as terminal:
        console = output._Console(file=terminal, force_terminal=True, color_system="standard", _environ={})
        console.print(Text("bold\x1bnot", "bold"))
        reader.join()
    os.close(ours)
    assert read[0].startswith(b"\x1b[1mbold\\x1bnot\x1b[0m")


def test_json_of_any_text_can_be_written_and_means_the_same():
    value = {"path": "a\udcff", "name": "×😀"}
    text = json_text(value)
    assert json.loads(text.encode()) == value
    assert json.loads(encodable(text, "ascii").encode("ascii")) == value
