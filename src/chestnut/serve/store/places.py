"""Where the audit table, the key of its hashes, and a spool of DICOM images lie if nothing else is asked for."""

from __future__ import annotations

from pathlib import Path

import platformdirs
from sqlalchemy import URL

_FOLDER = "chestnut"


def default_database() -> str:
    """Return the address of the database in the user's folder for data."""
    return URL.create("sqlite", database=str(_place() / "audit.sqlite")).render_as_string()


def default_key() -> Path:
    """Return the file of the key; see `Pseudonyms`."""
    return _place() / "pseudonyms.key"


def default_spool() -> Path:
    """Return the folder in which a DICOM listener keeps images until they are done."""
    return _place() / "spool"


def _place() -> Path:
    return platformdirs.user_data_path(_FOLDER, appauthor=False)
