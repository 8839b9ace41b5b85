"""The digest of each file's contents, remembered by path, size and time of change, so that it is not read again.

The memory is an SQLite file in the cache folder. It only saves time: whatever goes wrong with it, files are read.
Used by `cache` alone.
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

#: Digests kept; the oldest go first. A hundred bytes and the path each.
_MOST_ROWS = 1_000_000

#: Seconds to wait for another process that writes.
_PATIENCE_S = 10.0

#: A file changed this recently may change again without another time stamp, so it is not remembered yet.
_SETTLED_NS = 2_000_000_000

_TABLE = """
CREATE TABLE IF NOT EXISTS digests (
    number INTEGER PRIMARY KEY, path BLOB UNIQUE NOT NULL, size INTEGER, changed_ns INTEGER, digest BLOB
)
"""


class Stamp(NamedTuple):
    """What tells, without reading, that a file is the same as before."""

    size: int
    changed_ns: int


def stamp(reference: str) -> Stamp | None:
    """The stamp of a file, or of the archive that a row is in; None where there is none."""
    row = npz_rows.parse(reference)
    try:
        status = os.stat(row.archive if row else reference)  # noqa: PTH116 in half the time of Path's
    except (OSError, ValueError):
        return None
    return Stamp(status.st_size, status.st_mtime_ns)


def recall(folder: Path, stamps: Mapping[str, Stamp]) -> dict[str, bytes]:
    """Digests by reference, of those that are remembered with the same stamp."""
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

    _with(folder, read)
    return found


def remember(folder: Path, digests: Mapping[str, bytes], stamps: Mapping[str, Stamp]) -> None:
    """Keep digests by reference; `stamps` must have been taken before the files were read."""
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
        _with(folder, write)


def _with(folder: Path, work: Callable[[sqlite3.Connection], None]) -> None:
    """Do something in one transaction; an error of the data base is logged, and a damaged file removed."""
    path = folder / FILE_NAME
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_S)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")  # losing it in a power cut costs a second reading
            work(connection)
    except sqlite3.OperationalError as error:  # locked, full, or not to be written
        _log.debug("digests not used: %s", error)
    except sqlite3.DatabaseError as error:
        _log.warning("%s is damaged (%s); it is made anew", path, error)
        with suppress(OSError):
            path.unlink()


def _portions(items: Sequence[bytes], size: int = 500) -> Iterator[Sequence[bytes]]:
    return (items[start : start + size] for start in range(0, len(items), size))
