"""Watch the changes that a process makes to the file system; at one of them, kill the process or fill its disk.

Python announces each file that it opens, renames or removes to audit hooks before it does so. A hook cannot be taken
away again, so it belongs into a process that runs one command and ends.
"""

import errno
import os
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

#: What is done to a process at a change.
KILL, TORN, FULL = "kill", "torn", "full"
KINDS = {
    KILL: "killed before the change",
    TORN: "killed in the middle of the next write",
    FULL: "the disk is full from here on",
}

#: Bytes that still fit into a file once the disk is full, and before a write is torn.
_LAST_BYTES = 16

#: Locks never have a content, so opening one changes nothing.
_LOCKS = ("lock", ".lock", ".jobs.lock")

_WRITES = os.O_WRONLY | os.O_RDWR
_TWO_PATHS = ("os.rename", "os.link", "os.symlink")
_ONE_PATH = ("os.mkdir", "os.remove", "os.rmdir", "os.truncate")

#: The changes that need space.
GROWTH = ("create", "write", "mkdir", "link", "symlink")


@dataclass(frozen=True)
class Stop:
    """Where and how a process is stopped.

    Attributes:
        number: The change, from 0.
        kind: `kill`, `torn` or `full`.
    """

    number: int
    kind: str


@dataclass(frozen=True)
class Change:
    """One change, just before it is made.

    Attributes:
        kind: `create`, `write`, `mkdir`, `rename`, `remove`, `rmdir`, `truncate`, `link` or `symlink`.
        path: What is changed, relative to the watched folder; for a rename the new name.
        source: The old name of a rename.
    """

    kind: str
    path: str
    source: str = ""

    def __str__(self):
        return f"{self.kind} {self.source} -> {self.path}" if self.source else f"{self.kind} {self.path}"


class Watch:
    """An audit hook that tells each change below a folder, and stops the process at one of them."""

    def __init__(self, root, tell, stop=None):
        self._root = Path(root)
        self._tell = tell
        self._stop = stop
        self._count = 0
        self._full = False
        self._lock = threading.RLock()
        self._busy = False

    def begin(self):
        """Watch this process until it ends."""
        sys.addaudithook(self._hear)

    def _hear(self, event, args):
        if event != "open" and event not in _ONE_PATH and event not in _TWO_PATHS:
            return
        with self._lock:
            if self._busy:
                return
            self._busy = True
            try:
                change = self._read(event, args)
                if change is not None:
                    self._meet(change)
            finally:
                self._busy = False

    def _read(self, event, args):
        """Return the change that an event announces below the folder; None if it will change nothing there."""
        if event == "open":
            change = self._read_open(*args)
        elif event in _TWO_PATHS:
            change = self._read_move(event, *args)
        else:
            change = self._read_single(event, *args)
        return change

    def _read_open(self, path, mode, flags):
        if isinstance(path, int) or not isinstance(flags, int) or not flags & _WRITES:
            return None
        path = _full(path)
        if not path.exists():
            return self._below("create", path)
        return None if path.name in _LOCKS or not path.is_file() else self._below("write", path)

    def _read_move(self, event, source, path, source_folder=-1, folder=-1):
        source, path = _full(source, source_folder), _full(path, folder)
        return self._below(event[3:], path, source) if event != "os.rename" or _stands(source) else None

    def _read_single(self, event, path, *more):
        path = _full(path, more[-1] if more and event != "os.truncate" else -1)
        if _stands(path) == (event == "os.mkdir") or not path.parent.is_dir():
            return None
        return self._below(event[3:], path)

    def _below(self, kind, path, source=None):
        if not path.is_relative_to(self._root):
            return None
        names = [str(one.relative_to(self._root)) for one in (path, source) if one is not None]
        return Change(kind, *names)

    def _meet(self, change):
        number = self._count
        self._count += 1
        self._tell(change)
        if self._stop is not None and number == self._stop.number:
            self._strike(change)
        if self._full and change.kind in GROWTH and change.kind != "write":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), change.path)

    def _strike(self, change):
        if self._stop.kind == FULL:
            self._full = True
            _limit_files(_LAST_BYTES)
        elif self._stop.kind == TORN and threading.current_thread() is threading.main_thread():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the kernel ends whoever writes more than the limit
            _limit_files(_LAST_BYTES)
        else:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)


def _limit_files(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def _full(path, folder=-1):
    """Return the absolute form of a path that an event gives, perhaps relative to an open folder."""
    path = Path(os.fsdecode(path))
    return (Path(f"/proc/self/fd/{folder}").readlink() / path) if folder >= 0 else path.absolute()


def _stands(path):
    return path.exists() or path.is_symlink()
