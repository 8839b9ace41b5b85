"""Remember the digest of each file's contents by path, size and modification time, so that it is not read again.

The digests are in an SQLite file in the cache folder. If anything goes wrong with it, files are simply read again.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from chestnut.data.decoding import npz_rows

_log = logging.getLogger(__name__)

FILE_NAME = "digests.sqlite"

#: The most digests to keep; the oldest are removed first. Each takes a hundred bytes plus the path.
_MOST_ROWS = 1_000_000

#: The time in seconds to wait for another process that is writing.
_PATIENCE_S = 10.0

#: A file modified less than this long ago may change again with the same time stamp, so it is not remembered yet.
_SETTLED_NS = 2_000_000_000

_TABLE = """
CREATE TABLE IF NOT EXISTS digests (
    number INTEGER PRIMARY KEY, path BLOB UNIQUE NOT NULL, size INTEGER, changed_ns INTEGER, digest BLOB
)
"""


class Stamp(NamedTuple):
    """The facts that show, without reading a file, whether it has changed."""

    size: int
    changed_ns: int


def stamp(reference: str) -> Stamp | None:
    """Return the stamp of a file, or of the archive that contains a row; None if there is no such file."""
    row = npz_rows.parse(reference)
    try:
        status = os.stat(row.archive if row else reference)  # noqa: PTH116 -- Path.stat takes twice as long
    except (OSError, ValueError):
        return None
    return Stamp(status.st_size, status.st_mtime_ns)


def recall(folder: Path, stamps: Mapping[str, Stamp]) -> dict[str, bytes]:
    """Return, by reference, the remembered digests of files with the same stamp as before."""
    found: dict[str, bytes] = {}
    if not os.access(folder / FILE_NAME, os.R_OK):
        return found
    names = {os.fsencode(reference): reference for reference in stamps}

    def read(connection: sqlite3.Connection) -> None:
        for some in _portions(list(names)):
            marks = ",".join("?" * len(some))
            query = f"SELECT path, size, changed_ns, digest FROM digests WHERE path IN ({marks})"  # noqa: S608 only marks
            for path, size, changed_ns, digest in connection.execute(query, some):
                if stamps[names[path]] == (size, changed_ns):
                    found[names[path]] = digest

    _run_transaction(folder, read)
    return found


def remember(folder: Path, digests: Mapping[str, bytes], stamps: Mapping[str, Stamp]) -> None:
    """Store digests by reference. The stamps must have been taken before the files were read."""
    settled = time.time_ns() - _SETTLED_NS
    rows = [
        (os.fsencode(reference), *stamps[reference], digest)
        for reference, digest in digests.items()
        if reference in stamps and stamps[reference].changed_ns < settled
    ]

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(_TABLE)
        connection.executemany("REPLACE INTO digests (path, size, changed_ns, digest) VALUES (?, ?, ?, ?)", rows)
        connection.execute("DELETE FROM digests WHERE number <= (SELECT max(number) FROM digests) - ?", (_MOST_ROWS,))

    if rows:
        _run_transaction(folder, write)


def _run_transaction(folder: Path, work: Callable[[sqlite3.Connection], None]) -> None:
    """Run a function in one transaction; a database error is logged, and a damaged file is removed."""
    path = folder / FILE_NAME
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_S)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")  # after a power cut, files are just read again
            work(connection)
    except sqlite3.OperationalError as error:  # locked, full, or read-only
        _log.debug("digests not used: %s", error)
    except sqlite3.DatabaseError as error:
        _log.warning("%s is damaged (%s) and will be created again", path, error)
        with suppress(OSError):
            path.unlink()


def _portions(items: Sequence[bytes], size: int = 500) -> Iterator[Sequence[bytes]]:
    return (items[start : start + size] for start in range(0, len(items), size))
