"""`Spool`: a folder that keeps what was acknowledged until it is done, whatever happens to the process.

It has four folders. `incoming` has the received objects, in order; `outgoing` a folder for the results of each object
with a file for each place that has not got them yet; `failed` what could not be scored or sent; `done` an empty file
for each object that is done with, by which it is recognised if it is sent again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, NamedTuple

from chestnut.errors import OverloadedError
from chestnut.files.disk_errors import disk_errors
from chestnut.files.durable import sync_folder, write_durably, write_folder_durably
from chestnut.files.temporary import discard, sweep

_FOLDERS: Final = ("incoming", "outgoing", "failed", "done")
_NAME: Final = re.compile(r"\d{20}-([0-9a-f]{32})-([0-9a-f]{64})")
_DONE: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{64})")

_MB: Final = 1_000_000

#: What a received object turned out to be: new, one that is known, or another content under a UID that is known.
Kind = Literal["new", "known", "changed"]


class Limits(NamedTuple):
    """What a spool may hold.

    Attributes:
        objects: The most objects that wait, in incoming and outgoing.
        bytes: The most bytes in incoming, outgoing and failed.
        free: The bytes that stay free on the disk.
    """

    objects: int = 10_000
    bytes: int = 20_000 * _MB
    free: int = 500 * _MB


class Held(NamedTuple):
    """An object in the spool.

    Attributes:
        name: The name of its file or folder: when it came, whose it is, and what it contains.
        path: The file or folder.
    """

    name: str
    path: Path

    @property
    def digest(self) -> str:
        """The SHA-256 of the data set and its transfer syntax."""
        return self.name[-64:]


class Spool:
    """A folder that keeps what was acknowledged. One process at a time uses it.

    Args:
        folder: The folder; it is created.
        limits: What it may hold.

    Raises:
        DiskError: It cannot be created or read.
    """

    def __init__(self, folder: Path, limits: Limits = Limits()) -> None:  # noqa: B008 - it never changes
        self.folder, self._limits = folder, limits
        self._lock = threading.Lock()
        self._arrived = threading.Condition()
        self._known: dict[str, set[str]] = {}
        self._sizes: dict[str, int] = {}
        with disk_errors(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in _FOLDERS:
                (folder / name).mkdir(mode=0o700, exist_ok=True)
                sweep(folder / name)
            self._load()

    @property
    def failed(self) -> int:
        """The number of objects that could not be scored or sent."""
        return sum(1 for _ in self._names("failed"))

    def put(self, content: bytes, owner: str, digest: str) -> Kind:
        """Keep an object; when the call returns, it is on the disk.

        Args:
            content: The DICOM file.
            owner: 32 hexadecimal digits that stand for the object's UID.
            digest: The SHA-256 of its data set and transfer syntax.

        Returns:
            Whether it is new, known, or another content of a known UID. A known object is not kept again.

        Raises:
            OverloadedError: The spool is full.
            DiskError: The disk is full or not writable.
        """
        with self._lock, disk_errors(self.folder):
            known = self._known.get(owner, set())
            if digest in known:
                return "known"
            self._require_room(len(content))
            name = f"{time.time_ns():020d}-{owner}-{digest}"
            write_durably(self.folder / "incoming" / name, content)
            self._known.setdefault(owner, set()).add(digest)
            self._sizes[name] = len(content)
        with self._arrived:
            self._arrived.notify_all()
        return "changed" if known else "new"

    def next(self, seconds: float) -> Held | None:
        """Return the oldest object that is to be scored; None if none comes within some seconds."""
        with self._arrived:
            self._arrived.wait_for(lambda: any(self._names("incoming")), seconds)
        name = min(self._names("incoming"), default=None)
        return None if name is None else Held(name, self.folder / "incoming" / name)

    def publish(self, held: Held, results: Mapping[str, bytes], targets: Sequence[str]) -> None:
        """Keep the results of an object for the places that are to get them, in place of the object itself.

        Args:
            held: The object.
            results: The files by their names.
            targets: The places.

        Raises:
            DiskError: The disk is full or not writable; the object stays.
        """
        place = self.folder / "outgoing" / held.name
        with self._lock, disk_errors(self.folder):
            pending = {f"{number:03d}.pending": target.encode() for number, target in enumerate(targets)}
            write_folder_durably(place, {**results, **pending})
            held.path.unlink(missing_ok=True)
            self._sizes[held.name] = sum(map(len, results.values()))
        with self._arrived:
            self._arrived.notify_all()

    def is_published(self, held: Held) -> bool:
        """Tell whether an object's results were kept before the process was stopped."""
        return (self.folder / "outgoing" / held.name).exists() or self._done(held.name).exists()

    def drop(self, held: Held) -> None:
        """Remove an object whose results were kept already.

        Raises:
            DiskError: The disk is not writable.
        """
        with self._lock, disk_errors(self.folder):
            held.path.unlink(missing_ok=True)

    def outgoing(self, target: str) -> list[tuple[Held, Path]]:
        """Return the results that a place has not got yet, the oldest first, with the file that says so."""
        found = []
        for name in sorted(self._names("outgoing")):
            folder = self.folder / "outgoing" / name
            for pending in sorted(folder.glob("*.pending")):
                with suppress(FileNotFoundError):
                    if pending.read_text() == target:
                        found.append((Held(name, folder), pending))
        return found

    def settle(self, held: Held, pending: Path, *, sent: bool) -> None:
        """Record that a place has got the results, or never will; the last place ends the object.

        Args:
            held: The results.
            pending: The file that says that the place is to get them.
            sent: Whether it has got them.

        Raises:
            DiskError: The disk is full or not writable.
        """
        with self._lock, disk_errors(self.folder):
            if sent:
                pending.unlink(missing_ok=True)
            else:
                pending.rename(pending.with_suffix(".failed"))
            if not any(held.path.glob("*.pending")):
                self._end(held)

    def fail(self, held: Held, reason: str) -> None:
        """Put an object that cannot be scored aside, with the reason.

        Raises:
            DiskError: The disk is full or not writable.
        """
        place = self.folder / "failed" / held.name
        with self._lock, disk_errors(self.folder):
            if not place.exists():
                write_folder_durably(place, {"source.dcm": held.path.read_bytes(), "reason.txt": reason.encode()})
            held.path.unlink(missing_ok=True)

    def forget(self, days: float) -> None:
        """Forget objects that were done with so many days ago: they are scored anew if they are sent again."""
        before = time.time() - 86400 * days
        with self._lock, suppress(FileNotFoundError):
            for name in list(self._names("done")):
                path = self.folder / "done" / name
                if path.stat().st_mtime < before:
                    path.unlink(missing_ok=True)
                    owner, digest = name.split("-")
                    self._known[owner].discard(digest)
                    if not self._known[owner]:
                        del self._known[owner]

    def _end(self, held: Held) -> None:
        """Take results that no place waits for out of the way."""
        if any(held.path.glob("*.failed")):
            held.path.rename(self.folder / "failed" / held.name)
            sync_folder(self.folder / "failed")
            return
        self._done(held.name).touch(mode=0o600)
        sync_folder(self.folder / "done")
        discard(held.path)
        self._sizes.pop(held.name, None)

    def _done(self, name: str) -> Path:
        return self.folder / "done" / name[21:]

    def _names(self, folder: str) -> list[str]:
        pattern = _DONE if folder == "done" else _NAME
        with os.scandir(self.folder / folder) as entries:
            return [entry.name for entry in entries if pattern.fullmatch(entry.name)]

    def _load(self) -> None:
        """Learn what the folders have; finish what was interrupted."""
        for folder in _FOLDERS:
            for name in self._names(folder):
                owner, digest = name[-97:-65], name[-64:]
                self._known.setdefault(owner, set()).add(digest)
                if folder != "done":
                    self._sizes[name] = _size(self.folder / folder / name)
        for name in self._names("outgoing"):
            folder_of = self.folder / "outgoing" / name
            if not any(folder_of.glob("*.pending")):
                self._end(Held(name, folder_of))

    def _require_room(self, size: int) -> None:
        if len(self._sizes) >= self._limits.objects:
            raise OverloadedError(f"{len(self._sizes):,} objects wait, and no more may", 60.0)
        if sum(self._sizes.values()) + size > self._limits.bytes:
            raise OverloadedError(f"the spool is full: {self._limits.bytes // _MB:,} MB", 60.0)
        if shutil.disk_usage(self.folder).free - size < self._limits.free:
            raise OverloadedError("the disk of the spool is almost full", 60.0)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(item.stat().st_size for item in path.iterdir())


def digest_of(data: bytes, syntax: str) -> str:
    """Return the SHA-256 of a data set as it was sent, and of the transfer syntax in which."""
    return hashlib.sha256(syntax.encode() + b"\0" + data).hexdigest()
