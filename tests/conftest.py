"""What all tests share: quiet frameworks, and a cache of their own."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.pop("COLUMNS", None)  # else tables take the width of the terminal that the tests run in

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Keep the user's own pixel cache out of the tests, and theirs out of it."""
    os.environ["CHESTNUT_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def chestnut(capsys, tmp_path):
    """Call the command line in an empty folder; gives (exit status, standard output, standard error)."""
    from calling import call

    def run(*words):
        status = call(words, tmp_path)
        said = capsys.readouterr()
        return status, said.out, said.err

    run.folder = tmp_path
    return run
