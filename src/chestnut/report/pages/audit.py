"""The page of an audit: `write_audit_page` turns what `Audit.to_dict` gave into one HTML file. Called by `cli`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chestnut.report.render import count, write_page
from chestnut.report.sections.findings import Findings, read_findings


def write_audit_page(audit: dict[str, Any], path: Path, title: str) -> None:
    """Write what an audit found as one HTML file that opens offline.

    Args:
        audit: What `Audit.to_dict` gave.
        path: Where the file is to stand.
        title: What was audited.

    Raises:
        DataError: The values are not those of an audit.
        DiskError: The disk is full or may not be written.
    """
    findings = read_findings(audit)
    groups = [("Class", findings.data.get("classes")), ("Split", findings.data.get("splits"))]
    write_page(
        path,
        "audit.html",
        {
            "title": title,
            "findings": findings,
            "synthetic": bool(findings.data.get("synthetic")),
            "lead": _lead(findings),
            "shortcut": _shortcut(findings),
            "rivals": [(f"Sees only {probe.sees}", probe.auroc, False) for probe in findings.probes],
            "groups": [(name, held) for name, held in groups if held],
        },
    )


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
