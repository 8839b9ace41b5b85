"""A command line to call, and one small trained run that several tests look at."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny import TINY

from chestnut import cli


@dataclass(frozen=True)
class Workspace:
    """Synthetic images and a run trained on them; tests copy what they change."""

    images: Path
    run: Path


def call(words, where=None):
    """Run a command line in this process; returns its exit status."""
    before, folder = sys.argv, Path.cwd()
    sys.argv = ["chestnut", *map(str, words)]
    try:
        if where is not None:
            os.chdir(where)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        sys.argv = before
        os.chdir(folder)
    return ended.value.code or 0


@pytest.fixture
def chestnut(capsys, tmp_path):
    """Call the command line in an empty folder; gives (exit status, standard output, standard error)."""

    def run(*words):
        status = call(words, tmp_path)
        said = capsys.readouterr()
        return status, said.out, said.err

    run.folder = tmp_path
    return run


@pytest.fixture(scope="session")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    assert call(["phantom", "images", "--patients", 80, "--size", 48], folder) == 0
    words = ["train", "images", "--name", "one", "--set=data.fractions=[0.6,0.2,0.2]", *TINY]
    assert call(words, folder) == 0
    return Workspace(folder / "images", folder / "runs" / "one")
