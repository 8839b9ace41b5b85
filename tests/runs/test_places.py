"""Places of new runs: a number is never lost to a faster process, and a name is never changed."""

import pytest

from chestnut.errors import TakenError
from chestnut.runs.places import free_folder, require_free, take_folder


def make(folder):
    require_free(folder)
    folder.mkdir()
    (folder / "file").touch()


def test_a_number_that_another_process_takes_meanwhile_is_left_to_it(tmp_path):
    first = free_folder(tmp_path, "my-run-2")
    for number in (1, 2):
        make(tmp_path / f"my-run-2-{number}")  # the other process
    assert first == tmp_path / "my-run-2-1"
    assert take_folder(first, make, numbered=True) == tmp_path / "my-run-2-3"


def test_a_name_that_the_user_chose_is_refused_when_taken(tmp_path):
    make(tmp_path / "mine-1")
    with pytest.raises(TakenError, match="mine-1 exists already; choose another name"):
        take_folder(tmp_path / "mine-1", make, numbered=False)


def test_a_link_that_leads_nowhere_takes_a_number(tmp_path):
    (tmp_path / "run-1").symlink_to(tmp_path / "gone")
    assert free_folder(tmp_path, "run") == tmp_path / "run-2"
