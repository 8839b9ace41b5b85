"""Connect to the database of an audit table, and say in one line why that fails."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from chestnut.errors import MissingExtraError, StoreError, in_one_line
from chestnut.files.disk_errors import disk_errors, require_possible
from chestnut.names import shown

#: Seconds to wait for another process's transaction, and for a database server to answer.
_BUSY, _CONNECT, _STATEMENT = 10, 5, 10

#: The names of PostgreSQL in addresses.
_POSTGRES = ("postgresql", "postgres")

#: What may be given as a database.
_FORMS = "give sqlite:///FILE or postgresql://USER@HOST/NAME"

#: The primary codes of SQLite's errors, and what to do about them.
_SQLITE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "the disk has a fault or is full; check it",
    sqlite3.SQLITE_READONLY: "no permission to write there; choose another place",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; choose another place",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database; choose another place",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup, or move it away to begin a new one",
    sqlite3.SQLITE_BUSY: f"another program has locked it for {_BUSY} seconds; end that program",
    sqlite3.SQLITE_LOCKED: f"another program has locked it for {_BUSY} seconds; end that program",
}


def connect(url: str) -> Engine:
    """Return an engine for a database; a file of SQLite is created, and readable by its owner alone.

    Args:
        url: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.

    Raises:
        StoreError: The address has another form.
        DiskError: The file cannot be created.
        MissingExtraError: The driver for PostgreSQL is not installed.
    """
    address = _parse(url)
    return _connect_sqlite(address) if address.get_backend_name() == "sqlite" else _connect_postgres(address)


def _parse(url: str) -> URL:
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except (ArgumentError, ValueError):
        raise StoreError(f"a database's address that is not one: {_FORMS}") from None
    if backend not in ("sqlite", *_POSTGRES):
        raise StoreError(f"a database of {backend}: {_FORMS}")
    if backend == "sqlite":
        _check_sqlite(address, url)
    return address


def _check_sqlite(address: URL, url: str) -> None:
    if address.database in (None, "", ":memory:"):
        raise StoreError(f"{url}: a database in memory would be lost; {_FORMS}")
    if address.host or address.query:
        extra = f"?{next(iter(address.query))}" if address.query else f"a host, {address.host}"
        raise StoreError(f"{shown(url)}: SQLite takes a file and not {extra}; {_FORMS}")


def _connect_sqlite(address: URL) -> Engine:
    path = Path(str(address.database)).expanduser()
    with disk_errors(path):
        require_possible(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file() and not path.is_dir():
            raise StoreError(f"{path} is a device or a pipe; {_FORMS}")
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, connect_args={"timeout": _BUSY})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    """Set up a connection: every commit reaches the disk, and what is deleted is overwritten."""
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - it is the only driver that is chosen
    connection.isolation_level = None  # so that changes of tables belong to a transaction
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Any) -> None:
    """Begin a transaction; one that will write takes its turn at once, rather than fail in the middle."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _connect_postgres(address: URL) -> Engine:
    try:
        import psycopg  # noqa: F401 - only to say which package is missing
    except ImportError as error:
        raise MissingExtraError(
            f"a database of PostgreSQL needs its driver: pip install 'chestnut[postgres]' ({in_one_line(error)})"
        ) from error
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_timeout=_CONNECT,
        connect_args={
            "connect_timeout": _CONNECT,
            "options": f"-c statement_timeout={_STATEMENT}s -c lock_timeout={_BUSY}s -c timezone=UTC",
            "keepalives_idle": _STATEMENT,
            "tcp_user_timeout": 1000 * _STATEMENT,
        },
    )


@contextmanager
def store_errors(engine: Engine) -> Iterator[None]:
    """Turn an error of the database into a `StoreError` of one line, without its statement and values."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        name = engine.url.database if engine.url.get_backend_name() == "sqlite" else engine.url.render_as_string()
        raise StoreError(f"the database {name} cannot be used: {_reason(error)}") from error


def _reason(error: SQLAlchemyError) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        with suppress(AttributeError):  # raised by Python itself, without a code of SQLite
            if (reason := _SQLITE.get(original.sqlite_errorcode & 0xFF)) is not None:
                return reason
    return in_one_line(original or error)
