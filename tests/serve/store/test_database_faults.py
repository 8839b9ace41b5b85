"""Databases that cannot be used: one line that says which, why and what to do; no row is lost or half written."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import event, text

from audit_entries import ORIGIN, entry
from chestnut.errors import DiskError, MissingExtraError, OverloadedError, StoreError
from chestnut.serve.store import database, schema, writer
from chestnut.serve.store.places import default_database
from chestnut.serve.store.row import Query
from chestnut.serve.store.store import Store
from chestnut.serve.store.writer import Writer


def address(path):
    return f"sqlite:///{path}"


@pytest.fixture
def store(tmp_path):
    store = Store.open(address(tmp_path / "audit.sqlite"))
    yield store
    store.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("audit.sqlite", "a database's address that is not one: give sqlite:///FILE or postgresql://USER@HOST/NAME"),
        ("", "a database's address that is not one: give sqlite:///FILE"),
        ("mysql://host/name", "a database of mysql: give sqlite:///FILE"),
        ("sqlite://", "sqlite://: a database in memory would be lost; give sqlite:///FILE"),
        ("sqlite:///:memory:", "a database in memory would be lost"),
        ("postgresql://user:secret@host:port/name", "a database's address that is not one"),
        ("sqlite://host/audit.sqlite", "SQLite takes a file and not a host, host; give sqlite:///FILE"),
        ("sqlite:///audit.sqlite?mode=ro", "SQLite takes a file and not ?mode; give sqlite:///FILE"),
    ],
)
def test_an_address_of_another_form_is_refused(url, message):
    with pytest.raises(StoreError) as refused:
        Store.open(url)
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_file_of_any_name_and_one_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    Store.open("sqlite:///~/audit.sqlite").close()
    assert (tmp_path / "audit.sqlite").is_file()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "a b%20c?d#e"))
    store = Store.open(default_database())
    assert Path(store.place) == tmp_path / "a b%20c?d#e" / "chestnut" / "audit.sqlite"
    assert Path(store.place).is_file()
    store.close()


def test_a_name_that_cannot_be_and_a_pipe_are_refused(tmp_path):
    with pytest.raises(DiskError, match="contains a character that no file name may contain"):
        Store.open("sqlite:////tmp/\0")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="pipe is a device or a pipe; give sqlite:///FILE"):
        Store.open(address(tmp_path / "pipe"))


def test_a_folder_a_missing_permission_and_a_file_in_the_way_are_told(tmp_path):
    with pytest.raises(DiskError, match="it is a folder; name a file"):
        Store.open(address(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="a file stands where a folder would have to"):
        Store.open(address(tmp_path / "file" / "audit.sqlite"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_without_permission_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError, match="no permission to write there; choose another folder"):
        Store.open(address(tmp_path / "audit.sqlite"))


def test_a_database_that_may_only_be_read_is_told(tmp_path, monkeypatch):
    path = tmp_path / "audit.sqlite"
    Store.open(address(path)).close()
    store = Store.open(address(path))
    event.listen(store._engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA query_only=ON"))
    with pytest.raises(StoreError, match=r"audit\.sqlite cannot be used: no permission to write there"):
        store.add([entry()], ORIGIN)


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_file_that_is_no_database_is_told_and_unchanged(tmp_path, content):
    path = tmp_path / "audit.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"audit\.sqlite cannot be used: the file is (not an SQLite|damaged)"):
        Store.open(address(path))
    assert path.read_bytes() == content


def test_a_database_that_is_damaged_later_is_told(tmp_path):
    path = tmp_path / "audit.sqlite"
    store = Store.open(address(path))
    store.add([entry() for _ in range(200)], ORIGIN)
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    store = Store.open(address(path))
    with pytest.raises(StoreError, match="the file is damaged; restore it from a backup"):
        store.find(Query(limit=500))
    with pytest.raises(StoreError, match="the file is damaged; restore it from a backup"):
        store.add([entry() for _ in range(200)], ORIGIN)
    store.close()


def test_a_full_disk_is_told_and_the_rows_before_it_stay(tmp_path):
    store = Store.open(address(tmp_path / "audit.sqlite"))
    before = store.add([entry()], ORIGIN)
    with store._engine.connect() as connection:  # the pool gives the same connection to the writer's thread
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    event.listen(
        store._engine, "begin", lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    )
    with pytest.raises(StoreError, match="the disk is full; free some space"):
        store.add([entry() for _ in range(300)], ORIGIN)
    assert [row.id for row in store.find(Query())] == before
    event.listen(store._engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=99999"))
    (after,) = store.add([entry()], ORIGIN)
    assert [row.id for row in store.find(Query())] == [after, *before]


def test_another_program_that_holds_the_file_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_BUSY", 0.05)
    path = tmp_path / "audit.sqlite"
    store = Store.open(address(path))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program has locked it"):
        store.add([entry()], ORIGIN)
    other.execute("ROLLBACK")
    other.close()
    assert store.add([entry()], ORIGIN)
    store.close()


def test_a_database_of_a_newer_version_is_refused_and_unchanged(tmp_path):
    path = tmp_path / "audit.sqlite"
    store = Store.open(address(path))
    with store._writing.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    store.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"a newer version of chestnut wrote the database .*; update chestnut"):
        Store.open(address(path))
    assert path.read_bytes() == before


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chestnut\[postgres\]'"):
        Store.open("postgresql://user@localhost/name")


def test_a_server_that_is_away_is_told_without_the_password():
    with pytest.raises(StoreError) as away:
        Store.open("postgresql://user:secret@127.0.0.1:1/name")
    assert "postgresql+psycopg://user:***@127.0.0.1:1/name cannot be used" in str(away.value)
    assert "secret" not in str(away.value)
    assert "\n" not in str(away.value)


def test_a_closed_store_takes_no_more(tmp_path):
    store = Store.open(address(tmp_path / "audit.sqlite"))
    assert store.close()
    with pytest.raises(StoreError, match="the service is stopping"):
        store.add([entry()], ORIGIN)


def test_what_waits_is_bounded_and_written_when_the_writer_closes(monkeypatch):
    monkeypatch.setattr(writer, "_WAITING", 4)
    free, written = threading.Event(), []

    def write(rows):
        free.wait()
        written.extend(rows)

    slow = Writer(write)
    done = [slow.submit([{"id": 0}])]
    while slow._waiting:
        pass
    done += [slow.submit([{"id": number}, {"id": -number}]) for number in (1, 2)]
    with pytest.raises(OverloadedError, match="4 predictions wait for the database; ask again later"):
        slow.submit([{"id": 9}])
    free.set()
    assert slow.close()
    assert all(future.done() for future in done)
    assert [row["id"] for row in written] == [0, 1, -1, 2, -2]


def test_an_error_of_one_transaction_reaches_those_who_wait_and_nobody_else():
    faults = [StoreError("away"), KeyError("bug")]

    def write(rows):
        if faults:
            raise faults.pop(0)

    brittle = Writer(write)
    with pytest.raises(StoreError, match="away"):
        brittle.submit([{}]).result()
    with pytest.raises(StoreError, match=r"the audit table failed: KeyError\('bug'\)"):
        brittle.submit([{}]).result()
    assert brittle.submit([{}]).result() is None
    assert brittle.close()


def test_services_that_start_together_create_the_tables_once(tmp_path):
    stores, faults = [], []

    def open_store():
        try:
            stores.append(Store.open(address(tmp_path / "audit.sqlite")))
        except StoreError as error:
            faults.append(error)

    threads = [threading.Thread(target=open_store) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    for store in stores:
        store.add([entry()], ORIGIN)
    assert len(stores[0].find(Query())) == 6
    for store in stores:
        store.close()
