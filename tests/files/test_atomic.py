"""Files are whole or not there."""

import errno
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
