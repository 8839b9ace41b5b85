"""The table of the groups of a column."""

from __future__ import annotations

from rich.table import Table

from chestnut.cli.shared.tables import table
from chestnut.evaluation.metric_names import in_words
from chestnut.evaluation.subgroups import Group, Subgroups

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
        cells = (_cell(group, name) for name in names)
        made.add_row(f"{group.name}{mark}", f"{group.images:,}", f"{group.patients:,}", *cells)
    return made


def _cell(group: Group, name: str) -> str:
    if name not in group.metrics:
        return "–"
    text = str(group.metrics[name])
    difference = group.differences.get(name)
    return text if difference is None else f"{text}\nΔ {difference.change}"
