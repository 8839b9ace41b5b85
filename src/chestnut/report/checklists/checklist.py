"""`Checklist`: the items of a checklist with what a run has for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from chestnut.report.checklists.evidence import Evidence

Status = Literal["answered", "to be written", "not applicable"]
STATUSES: tuple[Status, ...] = ("answered", "to be written", "not applicable")


@dataclass(frozen=True)
class Answer:
    """What there is for an item.

    Attributes:
        status: Whether it is answered.
        place: Where the answer stands, or where it belongs.
        remark: What else to know, such as what to do; may be empty.
    """

    status: Status
    place: str
    remark: str = ""


#: Finds out what a run has for an item.
Rule = Callable[[Evidence], Answer]


@dataclass(frozen=True)
class Item:
    """An item of a checklist.

    Attributes:
        number: Its number there.
        section: The part of a paper that it belongs to.
        text: What it asks for, in our own words.
        rule: Finds out what a run has for it.
    """

    number: str
    section: str
    text: str
    rule: Rule


@dataclass(frozen=True)
class AnsweredItem:
    """An item with its answer; see `Item` and `Answer` for the attributes."""

    number: str
    section: str
    text: str
    status: Status
    place: str
    remark: str


@dataclass(frozen=True)
class Checklist:
    """A checklist with its answers.

    Attributes:
        name: Its short name: claim or tripod.
        title: Its title.
        source: Where it was published.
        run: The name of the run.
        items: The items, in order.
    """

    name: str
    title: str
    source: str
    run: str
    items: tuple[AnsweredItem, ...]

    @property
    def counts(self) -> dict[Status, int]:
        """The number of items of each status."""
        return {status: sum(item.status == status for item in self.items) for status in STATUSES}

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes and `counts` for JSON."""
        return {
            "checklist": self.name,
            "title": self.title,
            "source": self.source,
            "run": self.run,
            "counts": dict(self.counts),
            "items": [asdict(item) for item in self.items],
        }

    def to_markdown(self) -> str:
        """Return the checklist as a page of Markdown, with a table for each section."""
        counts = ", ".join(f"{number} {status}" for status, number in self.counts.items())
        lines = [
            f"# {self.title}",
            "",
            f"Run {_escape(self.run)}: {counts}.",
            "",
            f"Items after {self.source}, in other words. {NOTE}",
        ]
        for section in dict.fromkeys(item.section for item in self.items):
            lines += ["", f"## {section}", "", "| item | asks for | status | where |", "| --- | --- | --- | --- |"]
            for item in (one for one in self.items if one.section == section):
                where = f"{item.place}. {item.remark}" if item.remark and item.place else item.place or item.remark
                lines.append(f"| {item.number} | {_escape(item.text)} | {item.status} | {_escape(where)} |")
        return "\n".join([*lines, ""])


NOTE = (
    "An item counts as answered if what it asks for is there; whether it is good enough is for author and reviewer to "
    "judge."
)


def answer_items(items: tuple[Item, ...], evidence: Evidence) -> tuple[AnsweredItem, ...]:
    """Return items with what a run has for each."""
    found = []
    for item in items:
        answer = item.rule(evidence)
        found.append(AnsweredItem(item.number, item.section, item.text, answer.status, answer.place, answer.remark))
    return tuple(found)


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
