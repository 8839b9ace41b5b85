"""How a diagnosis is printed, for `chestnut diagnose` and `chestnut train --advise`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chestnut.cli.shared.output import out
from chestnut.diagnosis.diagnosis import Diagnosis
from chestnut.diagnosis.rules import RULES, Advice
from chestnut.runs.folder import RunFolder

_STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}
_VERDICTS = {
    "mend": "",
    "sound": "Nothing to mend.",
    "open": "Nothing to mend as far as can be told: some rules had too little to judge.",
}


def print_diagnosis(run: RunFolder, found: Diagnosis) -> None:
    """Print the advice on a run, the worst first, then what is in order and what could not be judged."""
    out.print(Text.assemble((f"{run.path}: ", "bold"), f"{_VERDICTS[found.verdict]} {found.summary}".strip()))
    blocks: list[tuple[str, str, RenderableType]] = [
        (one.severity.upper(), _STYLES[one.severity], _told(run, one)) for one in found.advice
    ]
    if found.passed:
        blocks.append(("OK", "bold green", Text("; ".join(RULES[name].holds for name in found.passed), "dim")))
    if found.skipped:
        reasons = [f"{name}: {reason}" for name, reason in found.skipped.items()]
        blocks.append(("SKIPPED", "dim", Text("\n".join(reasons), "dim")))
    for word, style, body in blocks:
        row = Table.grid(padding=(0, 2))
        row.add_column(width=7)
        row.add_column(ratio=1)
        row.add_row(Text(word, style), body)
        out.print()
        out.print(row)
    out.print()


def _told(run: RunFolder, advice: Advice) -> Group:
    lines = [Text(advice.title, "bold"), Text(advice.evidence)]
    if advice.settings:
        lines.append(Text.assemble(("try: ", _STYLES[advice.severity]), again(run, advice.settings)))
    return Group(*lines)


def again(run: RunFolder, settings: Sequence[str]) -> str:
    """The command that trains the run again with settings changed, on the same images in the same splits.

    Other fractions need the data set itself, since the run's manifest has its splits already.
    """
    resplit = any(setting.startswith("data.fractions=") for setting in settings)
    facts = run.facts
    words = ["chestnut", "train", str(facts["root"] if resplit else run.manifest_file)]
    words += ["--recipe", str(run.recipe_file)]
    if facts.get("positive") and run.recipe.data.positive is None:
        words += ["--positive", str(facts["positive"])]
    return shlex.join([*words, *(word for setting in settings for word in ("--set", setting))])
