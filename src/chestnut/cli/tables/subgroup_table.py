"""The table of the groups of a column."""

from __future__ import annotations

from rich.table import Table

from chestnut.cli.shared.tables import table
from chestnut.evaluation.metric_names import in_words
from chestnut.evaluation.subgroups import Subgroups

_FIGURES = ("auroc", "sensitivity", "specificity", "accuracy")


def subgroups_table(found: Subgroups) -> Table:
    """Return the groups of a column with their figures; a difference to the others and its p value below a figure."""
    names = [name for name in _FIGURES if any(name in group.metrics for group in found.groups)]
    made = table(
        f"By {found.column}; Δ: difference to the others, and its p value after Holm's correction",
        (found.column, "images", "patients", *map(in_words, names)),
        ("images", "patients"),
        ("images", "accuracy", "specificity", "sensitivity") if len(names) > 1 else ("images",),
    )
    for group in found.groups:
        mark = " (few)" if group.small else ""
        cells = (group.describe(name).replace("; ", "\n") for name in names)
        made.add_row(f"{group.name}{mark}", f"{group.images:,}", f"{group.patients:,}", *cells)
    return made
