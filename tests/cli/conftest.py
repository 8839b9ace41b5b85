"""A command line to call, and one small trained run that several tests look at."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from calling import call
from tiny import TINY


@dataclass(frozen=True)
class Workspace:
    """Synthetic images and a run trained on them; tests copy what they change."""

    images: Path
    run: Path


@pytest.fixture(scope="session")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    assert call(["phantom", "images", "--patients", 80, "--size", 48], folder) == 0
    words = ["train", "images", "--name", "one", "--set=data.fractions=[0.6,0.2,0.2]", *TINY]
    assert call(words, folder) == 0
    return Workspace(folder / "images", folder / "runs" / "one")


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory):
    """Synthetic images of other patients than those of the workspace."""
    folder = tmp_path_factory.mktemp("elsewhere")
    assert call(["phantom", "images", "--patients", 24, "--size", 48, "--seed", 7], folder) == 0
    return folder / "images"
