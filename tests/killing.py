"""A kill in the middle of a piece of work: nothing is cleaned up after it."""

import os
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


@contextmanager
def kill_at_change(number, monkeypatch):
    """Raise `Killed` in place of the rename or removal of that number, from 0, and of all that follow.

    Yields:
        The changes made so far, each as its kind and the name of the file or folder.
    """
    done = []

    def counted(kind, change):
        def change_or_die(path, *more, **options):
            if len(done) >= number:
                raise Killed
            done.append((kind, Path(path).name))
            return change(path, *more, **options)

        return change_or_die

    with monkeypatch.context() as patched:
        for kind in ("rename", "replace", "unlink", "remove", "rmdir"):
            patched.setattr(os, kind, counted(kind, getattr(os, kind)))
        patched.setattr(folders, "exchange", counted("exchange", folders.exchange))
        yield done
