"""Read the CSV files of a run as text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from chestnut.errors import DataError, listed


def read_cells(path: Path, needed: Iterable[str]) -> pd.DataFrame:
    """Read a CSV of a run with every cell as text.

    Args:
        path: The file.
        needed: The names of the columns that it must have.

    Raises:
        DataError: The file is not a table, or lacks a column.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a table ({error}); restore it from a copy") from error
    lacking = [name for name in needed if name not in frame]
    if lacking:
        raise DataError(f"{path} has no column {listed(lacking)}; restore it from a copy")
    return frame
