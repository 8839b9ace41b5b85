"""Read CSV files that chestnut wrote, and write tables as their text."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.errors import DataError, listed
from chestnut.files.reading import RESTORE, decode_exactly

if TYPE_CHECKING:
    import pandas as pd

#: The most columns of a table: reading a million takes minutes, and the widest that chestnut writes has one per class.
MOST_COLUMNS = 10_000


def parse_csv(
    content: bytes, path: Path, needed: Iterable[str] = (), remedy: str = RESTORE, *, numbers: bool = False
) -> pd.DataFrame:
    r"""Return the table in the content of a CSV file.

    Args:
        content: The content.
        path: The file, for the message of an error.
        needed: The names of the columns that it must have.
        remedy: What to do about a damaged file: the end of the message.
        numbers: Whether every cell is a number or empty; otherwise all are text.

    Raises:
        DataError: The content is not a table, lacks a column, or has text where a number belongs.

    >>> parse_csv(b"epoch,loss\n1,0.5\n", Path("history.csv"), numbers=True)["loss"].tolist()
    [0.5]
    >>> parse_csv(b"epoch,loss\n1,low\n", Path("history.csv"), numbers=True)
    Traceback (most recent call last):
    ...
    chestnut.errors.DataError: history.csv has text in the column loss, where numbers belong; restore it ...
    """
    import pandas as pd

    text = decode_exactly(content, path, remedy)  # a line end within a cell is part of it
    if "\0" in text:
        raise DataError(f"{path} is not a table (it contains zero bytes); {remedy}")
    if (columns := text.partition("\n")[0].count(",") + 1) > MOST_COLUMNS:
        raise DataError(f"{path} has {columns:,} columns; at most {MOST_COLUMNS:,} are read; {remedy}")
    options: dict[str, Any] = {} if numbers else {"dtype": str, "keep_default_na": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame: pd.DataFrame = pd.read_csv(io.StringIO(text), index_col=False, **options)
    except pd.errors.ParserWarning as error:
        raise DataError(f"{path} is not a table (a row has more cells than the heading); {remedy}") from error
    except (ValueError, OverflowError) as error:  # pandas' own errors are ValueErrors
        raise DataError(f"{path} is not a table ({' '.join(str(error).split())}); {remedy}") from error
    if missing := [name for name in needed if name not in frame]:
        raise DataError(f"{path} has no column {listed(missing)}; {remedy}")
    odd = [str(name) for name in frame if numbers and frame[name].dtype.kind not in "iuf"]
    if odd and len(frame):
        raise DataError(f"{path} has text in the column {listed(odd)}, where numbers belong; {remedy}")
    return frame


def csv_text(frame: pd.DataFrame, *, header: bool = True) -> str:
    r"""Return a table as the text of a CSV file, without its index, and with the names of the columns or without.

    >>> import pandas as pd
    >>> csv_text(pd.DataFrame({"patient": ["a\rb"], "age": [4]}))
    '"patient","age"\n"a\rb",4\n'
    """
    text = str(frame.to_csv(index=False, lineterminator="\n", header=header))
    if "\r" not in text:
        return text
    # pandas quotes a cell with a line feed, but not one with a carriage return, though that too ends a line
    return str(frame.to_csv(index=False, lineterminator="\n", header=header, quoting=csv.QUOTE_NONNUMERIC))
