"""`Card`: a model card, and how it is written as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.report.tables.table import Cell, Table

#: Raised when the keys of a card in JSON change their meaning.
CARD_VERSION = 1


@dataclass(frozen=True)
class CardSection:
    """A section of a card.

    Attributes:
        heading: Its heading.
        facts: What it states, as pairs of a name and a text.
        remarks: Sentences after them.
        tables: Tables after those.
    """

    heading: str
    facts: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Card:
    """A model card with the headings of Mitchell and others 2019 (FAT* '19, 220-229, doi:10.1145/3287560.3287596).

    Attributes:
        name: The name of the run.
        front: What programs read at its head, by the names that the Hugging Face Hub gives them.
        summary: The model in a few sentences.
        sections: The sections, in order.
    """

    name: str
    front: Mapping[str, Any]
    summary: tuple[str, ...]
    sections: tuple[CardSection, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the card for JSON."""
        return {
            "version": CARD_VERSION,
            "name": self.name,
            "front": dict(self.front),
            "summary": list(self.summary),
            "sections": [_section_dict(section) for section in self.sections],
        }

    def to_markdown(self) -> str:
        """Return the card as Markdown, with the front matter that the Hugging Face Hub reads."""
        lines = ["---", *_yaml(self.front), "---", "", f"# {_escape(self.name)}", ""]
        lines += [_escape(" ".join(self.summary))]
        for section in self.sections:
            lines += ["", f"## {section.heading}"]
            if section.facts:
                lines += ["", *(f"- **{_escape(name)}**: {_escape(text)}" for name, text in section.facts)]
            for remark in section.remarks:
                lines += ["", _escape(remark)]
            for table in section.tables:
                lines += ["", f"### {_escape(table.title)}", "", *_markdown_table(table)]
                lines += ["", _escape(" ".join(table.notes))] if table.notes else []
        return "\n".join([*lines, ""])


def _section_dict(section: CardSection) -> dict[str, Any]:
    return {
        "heading": section.heading,
        "facts": dict(section.facts),
        "remarks": list(section.remarks),
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "columns": list(table.columns),
                "rows": [
                    [cell.to_dict() if isinstance(cell, Estimate) else cell for cell in row] for row in table.rows
                ],
                "notes": list(table.notes),
            }
            for table in section.tables
        ],
    }


def _markdown_table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(_escape(name) for name in table.columns)} |"
    yield f"|{' --- |' * len(table.columns)}"
    for row in table.rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.4g}".replace("-", "−") if isinstance(cell, float) else _escape(str(cell))


def _escape(text: str) -> str:
    """Return a text of one line that neither opens a tag nor ends a cell."""
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "\\|")


def _yaml(values: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield the lines of a mapping; every text stands between quotes, as JSON writes it, which YAML reads."""
    pad = "  " * depth
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield f"{pad}{name}:"
            yield from _yaml(value, depth + 1)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{pad}{name}:"
            for item in value:
                first, *others = _yaml(item, depth + 1)
                yield f"{pad}- {first.lstrip()}"
                yield from others
        else:
            yield f"{pad}{name}: {json.dumps(value, ensure_ascii=False)}"
