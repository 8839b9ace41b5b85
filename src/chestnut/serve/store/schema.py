"""Create the tables of a database, or bring those of an earlier version of chestnut up to date."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text

from chestnut.errors import StoreError

#: The table that says which version the others have, and the latest version.
VERSION_TABLE, LATEST = "chestnut_version", "0001"

#: The number of the lock that keeps other processes out while the tables of PostgreSQL are changed.
_LOCK = 0x63686573


def migrate(engine: Engine) -> None:
    """Bring the tables of a database to the latest version, in one transaction that keeps other processes out.

    Raises:
        StoreError: A newer version of chestnut wrote the database.
    """
    with engine.connect() as connection:
        if read_version(connection) == LATEST:
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if read_version(connection) != LATEST:
            _upgrade(connection)


def read_version(connection: Connection) -> str | None:
    """Return the version of the tables; None where there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def _upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that the database lacks; Alembic is imported where there are some."""
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", "chestnut.serve.store:migrations")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        raise StoreError(
            f"a newer version of chestnut wrote the database {connection.engine.url.database}; "
            "update chestnut, or give another database"
        ) from error
