"""The command line, called within the test's own process."""

import os
import sys
from pathlib import Path

import pytest

from chestnut import cli


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
