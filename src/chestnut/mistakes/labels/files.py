"""The folder of suspected label errors: the table to review, the result, and pictures of the first suspects."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.errors import RunError
from chestnut.explain.gallery import Gallery, write_gallery
from chestnut.files.atomic import write_text
from chestnut.files.csv_files import csv_text
from chestnut.files.json_files import read_json, write_json
from chestnut.files.reading import read_content
from chestnut.mistakes.labels.suspects import Suspects
from chestnut.runs.timestamp import now

if TYPE_CHECKING:
    import pandas as pd

TABLE, FACTS, PAGE = "suspects.csv", "suspects.json", "suspects.html"


@dataclass(frozen=True)
class _Facts:
    """What suspects.json must contain for `require_unchanged`."""

    table_sha256: str


def require_unchanged(folder: Path) -> None:
    """Check that nobody has written into the table of an earlier search, which a new one would replace.

    Args:
        folder: The folder of suspects, which need not exist.

    Raises:
        RunError: The table was changed.
        DataError: suspects.json is damaged.
    """
    table, facts = folder / TABLE, folder / FACTS
    if not table.is_file() or not facts.is_file():
        return
    written = read_json(facts, _Facts, f"remove {folder}, but keep {TABLE} if you have changed it")["table_sha256"]
    if hashlib.sha256(read_content(table)).hexdigest() != written:
        raise RunError(
            f"{table} was changed after chestnut wrote it, and would be replaced; move it to another folder, so that "
            "your review is not lost"
        )


def write_suspects(folder: Path, found: Suspects, table: pd.DataFrame, gallery: Gallery) -> None:
    """Write the suspects into a new folder.

    Args:
        folder: An existing, empty folder.
        found: The suspects.
        table: The table to review; see `make_review_table`.
        gallery: Pictures of the first suspects.

    Raises:
        DiskError: The disk is full or not writable.
    """
    text = csv_text(table)
    write_text(folder / TABLE, text)
    write_gallery(folder, gallery)
    facts: dict[str, Any] = {"when": now(), "table_sha256": hashlib.sha256(text.encode()).hexdigest()}
    write_json(folder / FACTS, facts | found.to_dict())
