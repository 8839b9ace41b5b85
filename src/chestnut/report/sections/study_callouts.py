"""Say what speaks against believing the figures of a study: a shortcut that was seen, or that nobody looked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.files.json_files import read_json
from chestnut.report.identities import Identities
from chestnut.report.render import count
from chestnut.report.sections.findings import Findings, read_findings
from chestnut.report.sections.verdict import Callout
from chestnut.runs.audit_file import AuditFile

#: Findings about the size of a split, of which the intervals of a study tell more.
_SIZES = ("small-validation-split", "small-test-split")


def read_study_audit(folder: Path, facts: Mapping[str, Any], names: Identities) -> tuple[str, Findings] | None:
    """Find an audit of the data of a study: that of a run of the study, or of a run or an audit beside it.

    Args:
        folder: The folder of the study.
        facts: The content of its data.json.
        names: What to call images and patients.

    Returns:
        The name of the folder with the audit, and the findings; None where there is no audit of these data.

    Raises:
        DataError: An audit.json is damaged.
    """
    inside = folder.resolve()
    for path in (*sorted(inside.glob("*/audit.json")), *sorted(inside.parent.glob("*/audit.json"))):
        audit = read_json(path, AuditFile, "restore it from a copy, or make it again by chestnut audit")
        if facts.get("root") is not None and audit["data"].get("root") == facts["root"]:
            return path.parent.name, read_findings(audit, names, draw=False)
    return None


def shortcut_callouts(
    facts: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]] = (),
    audited: tuple[str, Findings] | None = None,
) -> list[Callout]:
    """Return the remarks on shortcuts for the page of a study.

    Args:
        facts: The content of the data.json of the study.
        rows: The variants of a comparison, the best first, with the estimates `auroc` and, where the exchange test
            was made, `exchanged`.
        audited: What `read_study_audit` found.
    """
    found = [*_on_exchange(rows), *([] if audited is None else _on_audit(*audited))]
    if found:
        return found
    command = shlex.join(["chestnut", "audit", str(facts.get("root", "DATA"))])
    text = (
        "A study does not audit its data. Copies, and shortcuts such as scanner, framing or hospital, raise the "
        "figures of all that it trains; an audit looks for them:"
    )
    return [Callout("warning", "Could the classes be told apart without the lungs?", text, command)]


def _on_audit(name: str, findings: Findings) -> Iterator[Callout]:
    """Say what the audit of the data found."""
    title = "The classes can nearly be told apart without the lungs."
    meaning = "An AUROC on this page means little unless it is well above that."
    shortcuts, faults = findings.errors(probes=True), findings.errors(probes=False)
    faults = [fault for fault in faults if fault.name not in _SIZES]
    if (probe := findings.shortcut) is not None:
        reached = f"a small classifier that sees only {probe.sees} reaches AUROC {probe.auroc}"
        yield Callout("error", title, f"In the audit of these data, kept in {name}, {reached}. {meaning}")
    elif shortcuts:
        yield Callout("error", title, f"{shortcuts[0].evidence} {meaning} The audit of these data is kept in {name}.")
    if faults:
        titles = "; ".join(fault.title for fault in faults)
        text = f"{titles}. Correct this before you believe the figures below. The audit is kept in {name}."
        yield Callout("error", f"The audit found {count(len(faults), 'fault')} in the data.", text)
    if not shortcuts and not faults:
        headline = f"{findings.headline}. " if findings.headline else ""
        yield Callout("info", "The audit of these data found no errors.", f"{headline}It is kept in {name}.")


def _on_exchange(rows: Sequence[Mapping[str, Any]]) -> Iterator[Callout]:
    """Say how much of the AUROC of the first variant is left after the exchange test."""
    first = next((row for row in rows if row.get("exchanged") is not None), None)
    if first is None:
        return
    own, left = first["auroc"], first["exchanged"]
    if not isinstance(own, Estimate) or own.value is None or left.value is None:
        return
    text = (
        f"With the framing, grey values and fine detail of images of another class, the AUROC of {first['name']} is "
        f"{left} instead of {own}."
    )
    if left.high is not None and own.low is not None and left.high < own.low:
        yield Callout("error", "Framing and scanner give the classes away.", text, "", "leaderboard")
    else:
        yield Callout("info", "The exchange test finds no clear shortcut.", text, "", "leaderboard")
