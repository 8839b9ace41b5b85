"""Write tables as an XLSX workbook, one sheet a table."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chestnut.report.tables.table import Plain, Table

#: The longest name of a sheet that programs take.
_LONGEST = 31
_WIDEST, _NARROWEST = 60, 8
# A text is written as a text, whatever it begins with: no cell becomes a formula or a link.
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
# The same tables give the same bytes.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def write_workbook(tables: Sequence[Table], path: Path) -> None:
    """Write a workbook; its first sheet lists the others.

    Args:
        tables: The tables, of different names.
        path: The file to write.
    """
    import xlsxwriter

    names = sheet_names([table.name for table in tables])
    with xlsxwriter.Workbook(str(path), dict(_OPTIONS)) as book:
        book.set_properties({"title": "Tables of a run of chestnut", "created": _CREATED})
        bold = book.add_format({"bold": True, "bottom": 1})
        contents = Table.of(
            "contents",
            "Contents",
            ["sheet", "title", "notes"],
            [[name, table.title, " ".join(table.notes)] for name, table in zip(names, tables, strict=True)],
        )
        for name, table in zip(["contents", *names], [contents, *tables], strict=True):
            _fill(book.add_worksheet(name), table, bold)


def sheet_names(names: Sequence[str]) -> list[str]:
    """Return names that programs take for sheets: short, without brackets and slashes, each different from all others.

    >>> sheet_names(["metrics-test", "metrics-" + "x" * 40, "metrics-" + "x" * 41])
    ['metrics-test', 'metrics-xxxxxxxxxxxxxxxxxxxxxxx', 'metrics-xxxxxxxxxxxxxxxxxxxxx-2']
    """
    taken = {"contents", "history"}  # "History" is a name that programs keep for themselves
    found = []
    for name in names:
        plain = re.sub(r"[\[\]:*?/\\']", "-", name).strip() or "table"
        plain = f"{plain}-of-training" if plain.casefold() == "history" else plain
        made, number = plain[:_LONGEST], 1
        while made.casefold() in taken:
            number += 1
            made = f"{plain[: _LONGEST - len(str(number)) - 1]}-{number}"
        taken.add(made.casefold())
        found.append(made)
    return found


def _fill(sheet: Any, table: Table, bold: Any) -> None:
    columns, rows = table.spread()
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(columns):
        sheet.write_string(0, at, name, bold)
        longest = max([len(name), *(len(_text(row[at])) for row in rows)])
        sheet.set_column(at, at, min(max(longest + 1, _NARROWEST), _WIDEST))
    for line, row in enumerate(rows, start=1):
        for at, cell in enumerate(row):
            if isinstance(cell, int | float) and math.isfinite(cell):
                sheet.write_number(line, at, cell)
            elif cell is not None:
                sheet.write_string(line, at, _text(cell))
    for line, note in enumerate(table.notes, start=len(rows) + 2):
        sheet.write_string(line, 0, note)


def _text(cell: Plain) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}" if math.isfinite(cell) else "∞"
    return "" if cell is None else str(cell)
