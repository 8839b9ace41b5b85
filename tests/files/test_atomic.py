"""Files are whole or not there."""

import errno
import math
import os
from pathlib import Path

import numpy as np
import pytest

from chestnut.errors import DataError, DiskError
from chestnut.files.atomic import replacing
from chestnut.files.disk_errors import mentions_full_disk
from chestnut.files.json_files import json_text, read_json, write_json
from chestnut.files.locks import locked


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "value.json"
    write_json(path, {"a": 1})
    write_json(path, {"a": np.float32(2), "b": np.arange(2), "c": math.nan})
    assert read_json(path) == {"a": 2, "b": [0, 1], "c": None}
    assert [item.name for item in path.parent.iterdir()] == ["value.json"]


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


def test_broken_json_names_its_file(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"broken.json is not valid JSON"):
        read_json(path)


def test_json_has_no_infinity():
    assert json_text([math.inf, 1.5]) == "[\n  null,\n  1.5\n]\n"


def test_a_lock_that_cannot_be_made_is_told_in_one_line(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(DiskError, match="free some space"), locked(tmp_path / "lock"):
        pytest.fail("went on without a lock")
