"""Read the findings of an audit for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chestnut.auditing.pictures import choose_pictures, read_picture
from chestnut.data.table_one import TableOne
from chestnut.errors import DataError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.report.identities import Identities
from chestnut.report.sections.cards import jpeg_address

#: The part of an image that each probe sees, to follow the words "a small classifier that sees only".
PROBES: dict[str, str] = {
    "probe-statistics": "a few intensity and sharpness statistics",
    "probe-outside": "what lies outside the lungs",
    "probe-geometry": "the lungs' geometry (areas, heights, widths, angles)",
    "probe-border": "the border, with the chest masked out",
    "probe-dimensions": "the pictures' width, height and aspect",
    "probe-facts": "facts of the file (size, aspect, format, mode, bytes)",
}

#: The finding that says what all probes outside the lungs show together.
HEADLINE = "without-lungs"


@dataclass(frozen=True)
class FindingPicture:
    """A small picture of an image, with what to call it."""

    image: str
    address: str


@dataclass(frozen=True)
class Shown:
    """One finding.

    Attributes:
        name: The name of the check.
        severity: How serious it is: error, warning or info.
        title: The finding in one line.
        evidence: Sentences with figures.
        remedy: What to do about it; may be empty.
        entries: The images, one in each entry; copies of one image are one entry.
        pictures: Some of the images, those that are copies of one another together.
    """

    name: str
    severity: str
    title: str
    evidence: str
    remedy: str
    entries: tuple[str, ...]
    pictures: tuple[tuple[FindingPicture, ...], ...] = ()


@dataclass(frozen=True)
class Probe:
    """How well the classes can be told apart without the lungs.

    Attributes:
        sees: The part of an image that the classifier saw.
        severity: The severity of its finding.
        auroc: Its AUROC, with the interval.
    """

    sees: str
    severity: str
    auroc: Estimate


@dataclass(frozen=True)
class Findings:
    """The findings of an audit.

    Attributes:
        shown: The findings, the worst first.
        probes: The probes that gave an AUROC, in the order of `PROBES`.
        passed: The names of the checks that found nothing.
        data: The facts about the data that were audited.
    """

    shown: tuple[Shown, ...]
    probes: tuple[Probe, ...]
    passed: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def number(self, severity: str) -> int:
        """Count the findings of a severity."""
        return sum(one.severity == severity for one in self.shown)

    def errors(self, *, probes: bool) -> list[Shown]:
        """Return the errors that probes found, or those that other checks found."""
        return [one for one in self.shown if one.severity == "error" and (one.name in (*PROBES, HEADLINE)) == probes]

    @property
    def table(self) -> TableOne | None:
        """Who is in the data, by split and class; None in old audits.

        Raises:
            DataError: The table is damaged.
        """
        held = self.data.get("table_one")
        return None if held is None else TableOne.from_dict(held)

    @property
    def headline(self) -> str:
        """How well the classes can be told apart without the inside of the lungs, in one line; empty in old audits."""
        return next((one.title for one in self.shown if one.name == HEADLINE), "")

    @property
    def shortcut(self) -> Probe | None:
        """The probe with the greatest AUROC of those whose finding is an error; None if there is none."""
        faulty = [probe for probe in self.probes if probe.severity == "error"]
        return max(faulty, key=lambda probe: probe.auroc.value or 0.0, default=None)


def read_findings(
    audit: Mapping[str, Any], names: Identities, pictures: Path | None = None, *, draw: bool = True
) -> Findings:
    """Read the findings of an audit, with small pictures of the images that show what is meant.

    Args:
        audit: The content of an audit.json.
        names: What to call images and patients.
        pictures: Where pictures of the images were saved; None if they were not. Where there is none, the image itself
            is drawn, if it can be read.
        draw: Whether to add pictures.

    Raises:
        DataError: The values are not those of an audit.
    """
    try:
        root = str(audit.get("data", {}).get("root", ""))
        found = audit["findings"]
        probes = {item["name"]: _probe(item) for item in found if item["name"] in PROBES and "auroc" in item["figures"]}
        return Findings(
            tuple(_show(item, root, names, pictures, draw) for item in found),
            tuple(probes[name] for name in PROBES if name in probes),
            tuple(audit.get("passed", ())),
            {**audit.get("data", {}), "root": names.folder(root)},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"not an audit ({error!r} when read); make it again by chestnut audit") from error


def _probe(item: Mapping[str, Any]) -> Probe:
    figures = item["figures"]
    auroc = Estimate(figures["auroc"], figures["low"], figures["high"])
    return Probe(PROBES[item["name"]], item["severity"], auroc)


def _show(item: Mapping[str, Any], root: str, names: Identities, pictures: Path | None, draw: bool) -> Shown:
    names.learn(map(str, item["figures"].get("names", ())))
    copies = item["figures"].get("copies")
    if copies:
        entries = [_joint(group).join(_name(path, root, names) for path in group["files"]) for group in copies]
    else:
        entries = [_name(path, root, names) for path in item["files"]]
    found = (_draw(group, root, names, pictures) for group in (choose_pictures(item) if draw else ()))
    drawn = tuple(group for group in found if group)
    return Shown(item["name"], item["severity"], item["title"], item["evidence"], item["remedy"], tuple(entries), drawn)


def _draw(group: Sequence[str], root: str, names: Identities, pictures: Path | None) -> tuple[FindingPicture, ...]:
    """Return the pictures of images that belong together; none unless all of them have one."""
    contents = [read_picture(path, pictures) for path in group]
    return tuple(
        FindingPicture(_name(path, root, names), jpeg_address(content))
        for path, content in zip(group, contents, strict=True)
        if content is not None and None not in contents
    )


def _name(path: str, root: str, names: Identities) -> str:
    """Return what to call an image: where names are shown, its path below the root of the data."""
    if not names.shown:
        return names.image(path)
    return path.removeprefix(f"{root.rstrip('/')}/") if root else path


def _joint(group: Mapping[str, Any]) -> str:
    """Return the sign between the names of copies: "=" if all their pixels are the same, else "≈"."""
    return " = " if group.get("correlation", 1) == 1 else " ≈ "
