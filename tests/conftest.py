"""What all tests share: quiet frameworks, and a cache of their own."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.pop("COLUMNS", None)  # else tables take the width of the terminal that the tests run in

from contextlib import nullcontext
from pathlib import Path

import pytest

#: Folders whose tests train or evaluate, and do not look at the pictures of it unless they are marked `drawn`; nor at
#: how well the probes of an audit tell classes apart.
UNSEEN = {"api", "cli", "export", "importing", "inference", "jobs", "mistakes", "robustness", "studies", "training"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Save blank pictures and make audits quick where nobody looks at them; also while fixtures are made."""
    room = (
        item.path.relative_to(Path(__file__).parent).parts[0] if item.path.is_relative_to(Path(__file__).parent) else ""
    )
    if room not in UNSEEN:
        return (yield)
    from blank_pictures import blank_pictures
    from small_probes import small_probes

    seen = item.get_closest_marker("drawn") is not None
    with small_probes(), nullcontext() if seen else blank_pictures():
        return (yield)


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
