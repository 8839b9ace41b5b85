"""Folders are complete or not there, even after a kill."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from chestnut.errors import DataError, DiskError
from chestnut.files import folders
from chestnut.files.exchange import exchange
from chestnut.files.folders import (
    finish_replacement,
    finish_replacements,
    new_folder,
    remove_folder,
    replacement_folder,
)
from chestnut.files.temporary import sweep
from killing import Killed, kill_at_rename


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def fill(folder, text):
    for name in ("a.txt", "z.txt"):
        (folder / name).write_text(text)


@pytest.mark.parametrize("exists", [False, True])
def test_a_new_folder_appears_complete(tmp_path, exists):
    path = tmp_path / "deep" / "set"
    if exists:
        path.mkdir(parents=True)
    with new_folder(path, last="a.txt") as draft:
        fill(draft, "new")
        assert not path.exists() or contents_visible(path) == []
    assert contents(path) == {"a.txt": "new", "z.txt": "new"}
    assert [item.name for item in path.parent.iterdir()] == ["set"]


def contents_visible(folder):
    return [item.name for item in folder.iterdir() if item.name[0] != "."]


def test_the_working_directory_can_be_named_by_a_dot(tmp_path, monkeypatch):
    (tmp_path / ".run.old").mkdir()
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    for name in (".", "../run", "..", "./../run/."):
        finish_replacement(Path(name))
    assert (tmp_path / ".run.old").is_dir()


def test_the_file_that_marks_a_complete_folder_comes_last(tmp_path, monkeypatch):
    with pytest.raises(Killed), kill_at_rename(1, monkeypatch), new_folder(tmp_path, last="a.txt") as draft:
        fill(draft, "new")
    assert contents_visible(tmp_path) == ["z.txt"]


@pytest.mark.parametrize("place", ["full", "file", "link"])
def test_a_taken_place_is_refused(tmp_path, place):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    refused = pytest.raises(DataError, match=rf"{place} (contains files already|is a file); give a new folder")
    with refused, new_folder(tmp_path / place):
        pytest.fail("a taken place was given")


@pytest.mark.parametrize("writer", [new_folder, replacement_folder])
def test_an_error_leaves_everything_as_it_was(tmp_path, writer):
    path = tmp_path / "set"
    if writer is replacement_folder:
        path.mkdir()
        fill(path, "old")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DiskError, match="set: the disk is full"), writer(path) as draft:
        fill(draft, "new")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_folder_is_replaced(tmp_path, monkeypatch, exchanges):
    if not exchanges:
        monkeypatch.setattr(folders, "exchange", lambda *_: False)
    path = tmp_path / "set"
    for text in ("old", "new", "newer"):
        with replacement_folder(path) as draft:
            fill(draft, text)
        assert contents(path) == {"a.txt": text, "z.txt": text}
        assert [item.name for item in tmp_path.iterdir()] == ["set"]


def test_a_folder_is_never_away_while_it_is_replaced(tmp_path, monkeypatch):
    if not swaps(tmp_path):
        pytest.skip("this disk cannot exchange two folders in one step")
    path = tmp_path / "set"
    path.mkdir()
    fill(path, "old")
    seen = []

    def look(name):
        done = getattr(os, name)

        def look_first(*given, **options):
            seen.append(contents(path))
            answer = done(*given, **options)
            seen.append(contents(path))
            return answer

        monkeypatch.setattr(os, name, look_first)

    for name in ("rename", "replace", "unlink", "rmdir"):
        look(name)
    with replacement_folder(path) as draft:
        fill(draft, "new")
    assert [seen[0], seen[-1]] == [dict.fromkeys(("a.txt", "z.txt"), text) for text in ("new", "new")]
    assert all(whole in (seen[0], dict.fromkeys(("a.txt", "z.txt"), "old")) for whole in seen)
    assert [item.name for item in tmp_path.iterdir()] == ["set"]


def test_a_kill_after_an_exchange_leaves_the_new_folder_and_the_next_writer_removes_the_old(tmp_path, monkeypatch):
    if not swaps(tmp_path):
        pytest.skip("this disk cannot exchange two folders in one step")
    path = tmp_path / "set"
    path.mkdir()
    fill(path, "old")

    def exchange_and_die(*both):
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        assert exchange(*both)
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(folders, "exchange", exchange_and_die)
        with replacement_folder(path) as draft:
            fill(draft, "new")
    assert contents(path) == {"a.txt": "new", "z.txt": "new"}
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path)
    assert [item.name for item in tmp_path.iterdir()] == ["set"]


def swaps(folder):
    for name in ("one", "other"):
        (folder / name).mkdir()
    done = exchange(folder / "one", folder / "other")
    for name in ("one", "other"):
        (folder / name).rmdir()
    return done


def test_a_file_is_not_replaced_by_a_folder(tmp_path):
    (tmp_path / "set").write_text("mine")
    with pytest.raises(DiskError, match="a file stands where a folder"), replacement_folder(tmp_path / "set"):
        pytest.fail("the place of a file was given")
    assert (tmp_path / "set").read_text() == "mine"


@pytest.mark.parametrize("name", ["x" * 256, "a\0b", "file/below"], ids=["long", "nul", "below a file"])
@pytest.mark.parametrize("writer", [new_folder, replacement_folder])
def test_a_path_that_cannot_be_is_one_clear_error(tmp_path, writer, name):
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match=r"^cannot write .*; give"), writer(tmp_path / name):
        pytest.fail("the block ran")
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_an_empty_folder_with_a_leftover_is_empty(tmp_path):
    (tmp_path / ".chestnut-tmp-set-0123abcd" / "new").mkdir(parents=True)
    with new_folder(tmp_path) as draft:
        fill(draft, "new")
    assert contents(tmp_path) == {"a.txt": "new", "z.txt": "new"}


@pytest.mark.parametrize(("kill", "left"), [(0, "old"), (1, "old"), (2, "new")])
def test_a_kill_at_any_rename_loses_neither_folder(tmp_path, monkeypatch, kill, left):
    path = tmp_path / "set"
    path.mkdir()
    fill(path, "old")
    with pytest.raises(Killed), kill_at_rename(kill, monkeypatch), replacement_folder(path) as draft:
        fill(draft, "new")
    assert path.exists() == (kill < 2), "the kill came between the renames"
    texts = [contents(item) for item in tmp_path.rglob("*") if item.is_dir() and (item / "z.txt").is_file()]
    assert sorted(texts, key=str) == [dict.fromkeys(("a.txt", "z.txt"), text) for text in ("new", "old")]
    finish_replacement(path)
    assert contents(path) == {"a.txt": left, "z.txt": left}
    with replacement_folder(path) as draft:
        fill(draft, "last")
    assert contents(path) == {"a.txt": "last", "z.txt": "last"}
    assert not (tmp_path / ".set.new").exists() and not (tmp_path / ".set.old").exists()


@pytest.mark.parametrize("kill", [0, None])
def test_a_removed_folder_is_there_as_a_whole_or_not_at_all(tmp_path, monkeypatch, kill):
    path = tmp_path / "set"
    path.mkdir()
    fill(path, "old")
    if kill is None:
        remove_folder(path)
        assert list(tmp_path.iterdir()) == []
    else:
        with pytest.raises(Killed), kill_at_rename(kill, monkeypatch):
            remove_folder(path)
        assert contents(path) == {"a.txt": "old", "z.txt": "old"}


def test_a_folder_is_removed_from_a_full_disk(tmp_path, monkeypatch):
    path = tmp_path / "set"
    path.mkdir()
    fill(path, "old")

    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "mkdir", refuse)
        remove_folder(path)
    assert list(tmp_path.iterdir()) == []


def test_every_folder_below_a_folder_is_finished(tmp_path):
    for name in (".a.old", ".b.new", ".b.old", ".c.old", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "text").write_text(name)
    finish_replacements(tmp_path)
    assert {item.name: (item / "text").read_text() for item in tmp_path.iterdir() if item.name[0] != "."} == {
        "a": ".a.old", "b": ".b.new", "c": "c",
    }  # fmt: skip


def test_a_reader_that_finishes_first_does_not_disturb_the_writer(tmp_path, monkeypatch):
    path = tmp_path / "set"
    path.mkdir()
    fill(path, "old")
    renamed = Path.rename

    def rename_and_read(self, target):
        done = renamed(self, target)
        if target.name == ".set.old":
            finish_replacement(path)
        return done

    with monkeypatch.context() as patched, replacement_folder(path) as draft:
        fill(draft, "new")
        patched.setattr(Path, "rename", rename_and_read)
        patched.setattr(folders, "exchange", lambda *_: False)
    assert contents(path) == {"a.txt": "new", "z.txt": "new"}
    assert [item.name for item in tmp_path.iterdir()] == ["set"]
    shutil.rmtree(path)
