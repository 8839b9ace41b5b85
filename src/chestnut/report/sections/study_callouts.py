"""Say what speaks against believing the figures of a study: a shortcut that was seen, or that nobody looked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.report.sections.verdict import Callout


def shortcut_callouts(facts: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] = ()) -> list[Callout]:
    """Return the remarks on shortcuts for the page of a study.

    Args:
        facts: The content of the data.json of the study.
        rows: The variants of a comparison, the best first, with the estimates `auroc` and, where the exchange test
            was made, `exchanged`.
    """
    found = [*_on_exchange(rows)]
    if found:
        return found
    command = shlex.join(["chestnut", "audit", str(facts.get("root", "DATA"))])
    text = (
        "A study does not audit its data. Copies, and shortcuts such as scanner, framing or hospital, raise the "
        "figures of all that it trains; an audit looks for them:"
    )
    return [Callout("warning", "Could the classes be told apart without the lungs?", text, command)]


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
