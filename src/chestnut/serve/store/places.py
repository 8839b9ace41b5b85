"""Where the audit table and the key of its hashes lie if nothing else is asked for."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_FOLDER = "chestnut"


def default_database() -> str:
    """Return the address of the database in the user's folder for data."""
    return f"sqlite:///{_place() / 'audit.sqlite'}"


def default_key() -> Path:
    """Return the file of the key; see `Pseudonyms`."""
    return _place() / "pseudonyms.key"


def _place() -> Path:
    return platformdirs.user_data_path(_FOLDER, appauthor=False)
