"""`chestnut demo`: which folders it takes for its own."""

import pytest

from chestnut.cli.training.demo import _make_room
from chestnut.errors import RunError


def test_a_demo_that_was_killed_while_it_drew_starts_again_without_force(tmp_path):
    leftover = tmp_path / "demo" / ".chestnut-tmp-images-0123abcd" / "new"
    leftover.mkdir(parents=True)
    (leftover / "a.png").write_bytes(b"half")
    _make_room(tmp_path / "demo", force=False)
    assert list((tmp_path / "demo").iterdir()) == []


def test_a_folder_with_files_of_others_stays(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="exists already; give another folder"):
        _make_room(tmp_path, force=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"
