"""A kill in the middle of a piece of work: nothing is cleaned up after it."""

import shutil
from contextlib import contextmanager
from pathlib import Path

from chestnut.files import folders


class Killed(BaseException):
    """What stands for SIGKILL; no `except Exception` catches it."""


@contextmanager
def kill_at_rename(number, monkeypatch):
    """Raise `Killed` in place of the rename of that number, from 0, and remove nothing from then on.

    Folders are renamed as on a system that cannot exchange two of them in one step.
    """
    rename = Path.rename
    done = []

    def rename_or_die(self, target):
        if len(done) == number:
            patched.setattr(shutil, "rmtree", lambda *_, **__: None)
            raise Killed
        done.append(target)
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename_or_die)
        patched.setattr(folders, "exchange", lambda *_: False)
        yield
