"""Databases of every earlier version come up to date with their rows, and the tables are those of the code."""

from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from audit_entries import ORIGIN, entry
from chestnut.serve.store import schema
from chestnut.serve.store.database import connect
from chestnut.serve.store.row import Query
from chestnut.serve.store.store import Store
from chestnut.serve.store.tables import Base

SCRIPTS = ScriptDirectory(str(files("chestnut.serve.store") / "migrations"))
VERSIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]

#: A row as each version writes it.
ROWS = {
    "0001": (
        "INSERT INTO chestnut_predictions (id, time, source, client, model, bundle, pixels, probabilities, decision, "
        "milliseconds) VALUES ('an id', '2026-11-27 12:00:00.000000', 'http', 'ward 7', 'cnn-small', 'b', 'p', "
        """'{"NORMAL": 0.75, "PNEUMONIA": 0.25}', 'NORMAL', 12.5)"""
    )
}


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'audit.sqlite'}"


def test_the_latest_version_is_that_of_the_code():
    assert SCRIPTS.get_current_head() == schema.LATEST == VERSIONS[-1]
    assert set(ROWS) == set(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_an_earlier_version_comes_up_to_date_with_its_rows(url, version):
    engine = connect(url)
    with engine.execution_options(writes=True).begin() as connection:
        schema._upgrade(connection, version)
        assert schema.read_version(connection) == version
        connection.execute(text(ROWS[version].replace(":", r"\:")))
    engine.dispose()
    store = Store.open(url)
    (new,) = store.add([entry()], ORIGIN)
    assert [row.id for row in store.find(Query())] == [new, "an id"]
    old = store.get("an id")
    assert (old.client, old.probabilities, old.time.isoformat()) == (
        "ward 7",
        {"NORMAL": 0.75, "PNEUMONIA": 0.25},
        "2026-11-27T12:00:00+00:00",
    )
    store.close()


def test_the_tables_are_those_of_the_code(url):
    Store.open(url).close()
    with connect(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []


def test_a_migration_that_fails_leaves_nothing(url, monkeypatch):
    upgrade = schema._upgrade

    def upgrade_and_fail(connection):
        upgrade(connection)
        assert inspect(connection).has_table("chestnut_predictions")
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "_upgrade", upgrade_and_fail)
    with pytest.raises(KeyboardInterrupt):
        Store.open(url)
    assert inspect(connect(url)).get_table_names() == []
