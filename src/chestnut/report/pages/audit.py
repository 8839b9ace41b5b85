"""Write the page of an audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chestnut.report.identities import Identities
from chestnut.report.render import count, write_page
from chestnut.report.sections.findings import Findings, read_findings


def write_audit_page(audit: dict[str, Any], path: Path, title: str, *, identities: bool = False) -> None:
    """Write the findings of an audit as one HTML file that opens offline.

    Args:
        audit: The values that `Audit.to_dict` returned.
        path: The page to write.
        title: The name of the data.
        identities: Whether to show the names of images, patients and folders. Otherwise the page has numbers in their
            place, which identities.csv beside the page explains.

    Raises:
        DataError: The values are not those of an audit.
        DiskError: The disk is full or not writable.
    """
    data = audit.get("data", {})
    common = map(str, (*data.get("classes", ()), *data.get("splits", ())))
    names = Identities(path.parent, roots=[str(data.get("root", ""))], common=common, shown=identities)
    findings = read_findings(audit, names)
    groups = [("Class", findings.data.get("classes")), ("Split", findings.data.get("splits"))]
    values = {
        "title": title,
        "findings": findings,
        "synthetic": bool(findings.data.get("synthetic")),
        "lead": _lead(findings),
        "shortcut": _shortcut(findings),
        "rivals": [(f"Sees only {probe.sees}", probe.auroc, False) for probe in findings.probes],
        "groups": [(name, counts) for name, counts in groups if counts],
    }
    write_page(path, "audit.html", values, names, follow=True)


def _lead(findings: Findings) -> str:
    errors, warnings = findings.number("error"), findings.number("warning")
    if errors:
        return f"{count(errors, 'error')}: the figures of a model trained on these data would not mean what they say."
    if warnings:
        return f"No errors, but {count(warnings, 'warning')}: read them before believing a model trained on these data."
    return "Nothing was found that would make the figures of a model trained on these data untrue."


def _shortcut(findings: Findings) -> str:
    if findings.shortcut is None:
        return ""
    probe = findings.shortcut
    return (
        f"A small classifier that sees only {probe.sees} reaches AUROC {probe.auroc}: the classes can nearly be "
        "told apart without the lungs. A model's own AUROC means little unless it is well above that."
    )
