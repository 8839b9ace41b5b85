"""What a run records of the source that made it, without a trace in the user's checkout."""

import os
import shutil
import subprocess

import pytest

from chestnut.training import environment


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git repository with one file, in which the module seems to lie."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    (tmp_path / "environment.py").write_text("one")
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "one")):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "environment.py"))
    return tmp_path


def test_the_commit_is_read_without_writing_to_the_checkout(checkout):
    index = checkout / ".git" / "index"
    os.utime(checkout / "environment.py", (1, 1))  # git would now like to write its index anew
    before = index.stat().st_mtime_ns, index.read_bytes()
    commit = environment._commit()
    assert len(commit) == 12 and set(commit) <= set("0123456789abcdef")
    assert (index.stat().st_mtime_ns, index.read_bytes()) == before


def test_changes_are_marked_while_another_program_holds_the_lock(checkout):
    (checkout / ".git" / "index.lock").touch()
    (checkout / "environment.py").write_text("two")
    assert environment._commit().endswith("-dirty")
    (checkout / ".git" / "index").write_text("damaged")
    assert environment._commit() is None
