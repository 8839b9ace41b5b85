"""The table of a checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chestnut.cli.shared.output import out, print_notes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from chestnut.report.checklists.checklist import Checklist


def print_checklist(found: Checklist) -> None:
    """Print a checklist item by item, its counts and its source."""
    made = table(f"{found.title} for {found.run}", ("item", "asks for", "status", "where"))
    for item in found.items:
        where = f"{item.place}. {item.remark}" if item.place and item.remark else item.place or item.remark
        made.add_row(item.number, item.text, item.status, where)
    out.print(made)
    counts = ", ".join(f"{number} {status}" for status, number in found.counts.items())
    print_notes([counts, f"items after {found.source}, in other words"])
