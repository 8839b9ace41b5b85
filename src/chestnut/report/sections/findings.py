"""What an audit found, as both pages show it.

Called by this room's pages; reads what `Audit.to_dict` wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chestnut.errors import DataError
from chestnut.evaluation.intervals import Estimate

#: What each probe sees of an image, after the words "a small classifier that sees only".
PROBES: dict[str, str] = {
    "probe-facts": "facts of the file (size, aspect, format, mode, bytes)",
    "probe-statistics": "a few intensity and sharpness statistics",
    "probe-border": "the border, with the chest masked out",
}


@dataclass(frozen=True)
class Shown:
    """One finding.

    Attributes:
        name: Which check made it.
        severity: error, warning or info.
        title: The fault in one line.
        evidence: Sentences with figures.
        remedy: What to do; may be empty.
        entries: Files, one an entry; copies of one image stand together.
    """

    name: str
    severity: str
    title: str
    evidence: str
    remedy: str
    entries: tuple[str, ...]


@dataclass(frozen=True)
class Probe:
    """How well the classes can be told apart without the lungs.

    Attributes:
        sees: What the classifier saw.
        severity: Of its finding.
        auroc: Its AUROC with the interval.
    """

    sees: str
    severity: str
    auroc: Estimate


@dataclass(frozen=True)
class Findings:
    """An audit, ready to be shown.

    Attributes:
        shown: The findings, the worst first.
        probes: Those that gave an AUROC, in the order of `PROBES`.
        passed: Names of the checks that found nothing.
        data: What was looked at.
    """

    shown: tuple[Shown, ...]
    probes: tuple[Probe, ...]
    passed: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def number(self, severity: str) -> int:
        """How many findings are of a severity."""
        return sum(one.severity == severity for one in self.shown)

    def errors(self, *, probes: bool) -> list[Shown]:
        """The error-level findings that probes made, or those that they did not."""
        return [one for one in self.shown if one.severity == "error" and (one.name in PROBES) == probes]

    @property
    def shortcut(self) -> Probe | None:
        """The strongest of the probes that are errors."""
        faulty = [probe for probe in self.probes if probe.severity == "error"]
        return max(faulty, key=lambda probe: probe.auroc.value or 0.0, default=None)


def read_findings(audit: Mapping[str, Any]) -> Findings:
    """Read what `Audit.to_dict` gave.

    Raises:
        DataError: It is not an audit.
    """
    try:
        root = str(audit.get("data", {}).get("root", ""))
        found = audit["findings"]
        probes = {item["name"]: _probe(item) for item in found if item["name"] in PROBES and "auroc" in item["figures"]}
        return Findings(
            tuple(_shown(item, root) for item in found),
            tuple(probes[name] for name in PROBES if name in probes),
            tuple(audit.get("passed", ())),
            dict(audit.get("data", {})),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"not an audit ({error!r} when read); make it anew with chestnut audit") from error


def _probe(item: Mapping[str, Any]) -> Probe:
    figures = item["figures"]
    auroc = Estimate(figures["auroc"], figures["low"], figures["high"])
    return Probe(PROBES[item["name"]], item["severity"], auroc)


def _shown(item: Mapping[str, Any], root: str) -> Shown:
    copies = item["figures"].get("copies")
    if copies:
        entries = [_joint(group).join(_below(path, root) for path in group["files"]) for group in copies]
    else:
        entries = [_below(path, root) for path in item["files"]]
    return Shown(item["name"], item["severity"], item["title"], item["evidence"], item["remedy"], tuple(entries))


def _below(path: str, root: str) -> str:
    return path.removeprefix(f"{root.rstrip('/')}/") if root else path


def _joint(group: Mapping[str, Any]) -> str:
    """Between the names of copies: whether all their pixels are the same."""
    return " = " if group.get("correlation", 1) == 1 else " ≈ "
