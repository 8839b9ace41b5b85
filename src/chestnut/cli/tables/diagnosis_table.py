"""Print a diagnosis."""

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


def print_diagnosis(run: RunFolder, diagnosis: Diagnosis) -> None:
    """Print the headline, the findings with the worst first, what is in order, and what could not be judged.

    Args:
        run: The run.
        diagnosis: Its diagnosis.
    """
    out.print(Text.assemble((f"{run.path}: ", "bold"), f"{diagnosis.headline} {diagnosis.summary}"))
    blocks: list[tuple[str, str, RenderableType]] = [
        (one.severity.upper(), _STYLES[one.severity], _describe(run, one)) for one in diagnosis.advice
    ]
    if diagnosis.passed:
        blocks.append(("OK", "bold green", Text("; ".join(RULES[name].holds for name in diagnosis.passed), "dim")))
    if diagnosis.skipped:
        reasons = [f"{name}: {reason}" for name, reason in diagnosis.skipped.items()]
        blocks.append(("SKIPPED", "dim", Text("\n".join(reasons), "dim")))
    for word, style, body in blocks:
        row = Table.grid(padding=(0, 2))
        row.add_column(width=7)
        row.add_column(ratio=1)
        row.add_row(Text(word, style), body)
        out.print()
        out.print(row)
    out.print()


def _describe(run: RunFolder, advice: Advice) -> Group:
    lines = [Text(advice.title, "bold"), Text(advice.evidence)]
    if advice.settings:
        lines.append(Text.assemble(("try: ", _STYLES[advice.severity]), command_with(run, advice.settings)))
    return Group(*lines)


def command_with(run: RunFolder, settings: Sequence[str]) -> str:
    """Return the command that repeats a run with changed settings, on the same images in the same splits.

    Other fractions need the data set itself, because the manifest of the run has its splits already.

    Args:
        run: The run.
        settings: `key=value` changes of its recipe.
    """
    resplit = any(setting.startswith("data.fractions=") for setting in settings)
    facts = run.facts
    words = ["chestnut", "train", str(facts["root"] if resplit else run.manifest_file)]
    words += ["--recipe", str(run.recipe_file)]
    if facts.get("positive") and run.recipe.data.positive is None:
        words += ["--positive", str(facts["positive"])]
    return shlex.join([*words, *(word for setting in settings for word in ("--set", setting))])
