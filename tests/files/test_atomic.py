"""Files are whole or not there."""

import errno
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from chestnut.errors import DiskError
from chestnut.files.atomic import replacing, write_text
from chestnut.files.disk_errors import mentions_full_disk


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "value.txt"
    for text in ("old", "new"):
        write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert [item.name for item in path.parent.iterdir()] == ["value.txt"]


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, fault):
    path = tmp_path / "value.txt"
    path.write_text("old", encoding="utf-8")
    with (
        pytest.raises(DiskError, match=r"cannot write .*value.txt: .*; (free some space|choose)"),
        replacing(path) as new,
    ):
        new.write_text("half", encoding="utf-8")
        raise OSError(fault, "no space")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_array_that_does_not_fit_tells_of_the_disk(tmp_path):
    with pytest.raises(DiskError, match="the disk is full"), replacing(tmp_path / "value"):
        np.arange(99_999).tofile("/dev/full")
    with pytest.raises(OSError) as error:
        np.arange(99_999).tofile("/dev/full")
    assert mentions_full_disk(f"OSError: {error.value}") and not mentions_full_disk("out of memory")


def test_another_fault_is_passed_on(tmp_path):
    with pytest.raises(RuntimeError), replacing(tmp_path / "value") as new:
        new.write_text("half", encoding="utf-8")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_keeps_its_permissions_and_a_new_one_has_ordinary_ones(tmp_path):
    write_text(tmp_path / "new", "")
    (tmp_path / "ordinary").touch()
    assert mode(tmp_path / "new") == mode(tmp_path / "ordinary")
    (tmp_path / "new").chmod(0o640)
    with replacing(tmp_path / "new") as temporary:
        assert mode(temporary) == 0o600, "nobody else reads it before its permissions are known"
        temporary.write_text("newer")
    assert mode(tmp_path / "new") == 0o640


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_leads_to_the_new_file(tmp_path, there):
    target, link = tmp_path / "data" / "real.txt", tmp_path / "link.txt"
    if there:
        write_text(target, "old")
    link.symlink_to(Path("data", "real.txt"))
    write_text(link, "new", follow=True)
    assert link.is_symlink() and link.read_text() == target.read_text() == "new"
    assert [item.name for item in target.parent.iterdir()] == ["real.txt"]
    assert sorted(item.name for item in tmp_path.iterdir()) == ["data", "link.txt"]


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_written_through(tmp_path, linked):
    pipe = path = tmp_path / "pipe"
    os.mkfifo(pipe)
    if linked:
        path = tmp_path / "link"
        path.symlink_to(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    write_text(path, "all of it" * 20_000, follow=True)
    reader.join(10)
    assert read == ["all of it" * 20_000]
    assert stat.S_ISFIFO(pipe.lstat().st_mode) and path.is_symlink() == linked


def test_a_device_is_written_through(tmp_path):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    try:
        path = tmp_path / "link"
        path.symlink_to(os.ttyname(theirs))
        write_text(path, "all of it", follow=True)
        assert os.read(ours, 99) == b"all of it"
        assert stat.S_ISCHR(path.stat().st_mode)
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pipe", "file", "socket"])
def test_standard_output_is_written_through(tmp_path, kind):
    if not Path("/dev/stdout").exists():
        pytest.skip("this system has no /dev/stdout")
    code = (
        "from pathlib import Path; from chestnut.files.atomic import write_text; print('before'); "
        "write_text(Path('/dev/stdout'), 'whole\\n', follow=True); print('after')"
    )
    command, path = [sys.executable, "-c", code], tmp_path / "out"
    if kind == "pipe":
        text = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    elif kind == "file":
        with path.open("w") as file:
            subprocess.run(command, stdout=file, check=True)
        text = path.read_text()
    else:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            subprocess.run(command, stdout=theirs, check=True)
            text = ours.recv(99).decode()
    assert text == "before\nwhole\nafter\n"


def test_what_stands_in_the_place_of_a_file_of_a_run_leads_nowhere_else(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "mine").chmod(0o640)
    (tmp_path / "link").symlink_to("mine")
    (tmp_path / "circle").symlink_to("circle")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "circle", "pipe"):
        write_text(tmp_path / name, "new")
        assert stat.S_ISREG((tmp_path / name).lstat().st_mode) and (tmp_path / name).read_text() == "new"
    (tmp_path / "ordinary").touch()
    assert mode(tmp_path / "link") == mode(tmp_path / "ordinary")
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_folder_is_refused_in_one_line(tmp_path):
    with pytest.raises(DiskError, match=r"^cannot write .*: it is a folder; name a file$"), replacing(tmp_path):
        pytest.fail("the block ran")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(DiskError, match="it is a folder"), replacing(tmp_path / "link", follow=True):
        pytest.fail("the block ran")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x" * 256, "the name is too long; give a shorter one"),
        ("file/below", "a file stands where a folder would have to; give another path"),
        ("a\0b", r"'.*a\\x00b': it contains a character that no file name may contain; give another path"),
        ("circle", "its symbolic links lead in a circle; give another path"),
        ("socket", "no program reads from it; name a file"),
    ],
)
def test_a_path_that_cannot_be_written_is_one_clear_error_before_any_work(tmp_path, monkeypatch, name, said):
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        before = sorted(tmp_path.iterdir())
        with pytest.raises(DiskError, match=said), replacing(tmp_path / name, follow=True) as temporary:
            assert name == "socket", "the block ran"
            temporary.write_text("")
    assert sorted(tmp_path.iterdir()) == before


FAULTS = [errno.EIO, errno.ENODEV, errno.EBUSY, errno.EMFILE, errno.ETXTBSY, errno.ESTALE, errno.ENOMEM, errno.EPERM]


@pytest.mark.parametrize("fault", FAULTS, ids=[errno.errorcode[code] for code in FAULTS])
def test_every_error_of_the_file_system_is_one_clear_line(tmp_path, fault):
    with pytest.raises(DiskError, match=r"^cannot write .*value: [^;\n]+; [^\n]+$"), replacing(tmp_path / "value"):
        raise OSError(fault, os.strerror(fault))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [BrokenPipeError(errno.EPIPE, "Broken pipe"), TimeoutError(errno.ETIMEDOUT, "late")])
def test_an_error_of_a_connection_is_not_one_of_the_disk(tmp_path, error):
    with pytest.raises(type(error)), replacing(tmp_path / "value"):
        raise error


def test_an_error_about_a_file_that_is_read_meanwhile_is_passed_on(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.png"), replacing(tmp_path / "value.csv"):
        (tmp_path / "missing.png").read_bytes()
