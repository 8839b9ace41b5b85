"""HTML tables for notebooks: what a result's `_repr_html_` returns. Every text given is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


def html_table(
    rows: Iterable[Sequence[object]],
    columns: Sequence[str] = (),
    title: str = "",
    notes: Iterable[str] = (),
) -> str:
    """Return a table as HTML, with a title above it and notes below it.

    The first cell of each row is its heading. A cell that is None stays empty.

    Args:
        rows: The cells of each row; anything that `str` turns into text.
        columns: The heading of each column; none where the rows explain themselves.
        title: A line above the table; empty for none.
        notes: Sentences below the table, such as those of an `Evaluation`.

    Returns:
        HTML without scripts, styles or links, which any notebook shows.

    >>> html_table([("AUROC", 0.94)], notes=["Only 12 patients < 30."])
    '<table><tbody><tr><th>AUROC</th><td>0.94</td></tr></tbody></table><p>Only 12 patients &lt; 30.</p>'
    """
    heading = f"<p><strong>{html.escape(title)}</strong></p>" if title else ""
    names = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    head = f"<thead><tr>{names}</tr></thead>" if columns else ""
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in rows)
    below = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    return f"{heading}<table>{head}<tbody>{body}</tbody></table>{below}"


def _cells(row: Sequence[object]) -> Iterable[str]:
    for place, cell in enumerate(row):
        tag = "td" if place else "th"
        text = "" if cell is None else html.escape(str(cell))
        yield f"<{tag}>{text}</{tag}>"
