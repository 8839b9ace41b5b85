"""What a kill leaves is removed by the next writer; what is in use is not."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chestnut.files import temporary
from chestnut.files.atomic import replacing, write_text
from chestnut.files.folders import replacement_folder
from chestnut.files.temporary import is_temporary, scratch_folder, sweep, temporary_file

pytest.importorskip("fcntl", reason="without locks nothing is removed")

HOLD = """
import sys
from pathlib import Path
from chestnut.files.temporary import scratch_folder, temporary_file
with temporary_file(Path(sys.argv[1]), "a.csv") as file, scratch_folder(Path(sys.argv[1]), "run") as folder:
    file.write_text("half")
    (folder / "text").write_text("half")
    print("made", flush=True)
    sys.stdin.readline()
"""


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def test_the_leftovers_of_a_killed_process_are_removed_once_it_is_dead(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "made\n"
    made = names(tmp_path)
    assert len(made) == 2 and all(map(is_temporary, made)) and made[0].endswith(".csv")
    sweep(tmp_path)
    assert names(tmp_path) == made, "they were in use"
    other.kill()
    other.communicate()
    assert names(tmp_path) == made
    write_text(tmp_path / "b.txt", "whole")
    assert names(tmp_path) == ["b.txt"]


def test_what_this_process_uses_is_kept(tmp_path):
    with replacing(tmp_path / "a.txt") as file, scratch_folder(tmp_path, "b") as folder:
        file.write_text("half")
        sweep(tmp_path)
        assert file.read_text() == "half" and folder.is_dir()
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_is_searched_once_by_a_process(tmp_path):
    write_text(tmp_path / "a", "")
    (tmp_path / ".chestnut-tmp-a-0123abcd").touch()
    write_text(tmp_path / "a", "")
    assert names(tmp_path) == [".chestnut-tmp-a-0123abcd", "a"]
    sweep(tmp_path)
    assert names(tmp_path) == ["a"]


def test_the_files_of_the_user_are_not_touched(tmp_path):
    mine = [".chestnut-tmp", ".chestnut-tmp-notes.txt", ".chestnut.toml", ".a-0123abcd", "chestnut-tmp-a-0123abcd"]
    for name in mine:
        (tmp_path / name).touch()
    link = tmp_path / ".chestnut-tmp-a-0123abcd"
    link.symlink_to(tmp_path / mine[0])
    os.mkfifo(tmp_path / ".chestnut-tmp-b-0123abcd")
    sweep(tmp_path)
    assert names(tmp_path) == sorted([*mine, link.name, ".chestnut-tmp-b-0123abcd"])


def test_the_leftovers_of_another_user_are_not_touched(tmp_path, monkeypatch):
    leftover = tmp_path / ".chestnut-tmp-a-0123abcd"
    leftover.touch()
    monkeypatch.setattr(os, "geteuid", lambda: leftover.stat().st_uid + 1)
    sweep(tmp_path)
    assert leftover.exists()


def test_a_folder_without_permission_is_left_alone(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    leftover = tmp_path / ".chestnut-tmp-a-0123abcd"
    leftover.touch()
    monkeypatch.setattr(os, "scandir", refuse)
    sweep(tmp_path)
    assert leftover.exists()


@pytest.mark.parametrize("maker", [temporary_file, scratch_folder])
def test_a_sweeper_that_was_quicker_than_the_owner_does_no_harm(tmp_path, monkeypatch, maker):
    """The new file is taken for a leftover before its owner has locked it."""
    flock, tried = temporary.fcntl.flock, []

    def sweep_first(descriptor, how):
        tried.append(descriptor)
        if len(tried) == 1:
            sweep(tmp_path)
        return flock(descriptor, how)

    monkeypatch.setattr(temporary.fcntl, "flock", sweep_first)
    with maker(tmp_path, "a.txt") as made:
        assert made.exists() and len(names(tmp_path)) == 1
        assert len(tried) == 3, "the owner's, the sweeper's, and the owner's second"
        sweep(tmp_path)
        assert made.exists()
    assert names(tmp_path) == []


def test_a_sweeper_that_was_quicker_than_the_opening_of_a_folder_does_no_harm(tmp_path, monkeypatch):
    opened, tried = os.open, []

    def sweep_first(path, *how, **more):
        tried.append(path)
        if len(tried) == 1:
            sweep(tmp_path)
        return opened(path, *how, **more)

    monkeypatch.setattr(os, "open", sweep_first)
    with scratch_folder(tmp_path, "set") as made:
        assert made.is_dir() and len(names(tmp_path)) == 1
    assert names(tmp_path) == []


@pytest.mark.slow
def test_many_writers_and_sweepers_in_one_folder_do_each_other_no_harm(tmp_path):
    def work(number):
        for count in range(30):
            write_text(tmp_path / "same", "whole" * 200)
            with scratch_folder(tmp_path, "scratch") as folder:
                (folder / "text").write_text("mine")
                sweep(tmp_path)
                assert (folder / "text").read_text() == "mine"
            with replacement_folder(tmp_path / f"folder{number}") as draft:
                (draft / "text").write_text(str(count))
            assert (tmp_path / f"folder{number}" / "text").read_text() == str(count)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert names(tmp_path) == ["folder0", "folder1", "folder2", "folder3", "same"]
    assert (tmp_path / "same").read_text() == "whole" * 200


@pytest.mark.parametrize("maker", [temporary_file, scratch_folder])
def test_a_disk_without_locks_keeps_what_is_there(tmp_path, monkeypatch, maker):
    def refuse(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(temporary.fcntl, "flock", refuse)
    with maker(tmp_path, "a.txt") as made:
        sweep(tmp_path)
        assert made.exists()
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127, "a." + "b" * 253, "x" * 250 + ".html"])
def test_a_long_name_has_a_temporary_name_that_fits(tmp_path, name):
    write_text(tmp_path / name, "whole")
    assert names(tmp_path) == [name]


def test_the_ending_is_kept(tmp_path):
    with replacing(tmp_path / "a.b.png") as file:
        assert Path(file).suffix == ".png" and is_temporary(file.name)
