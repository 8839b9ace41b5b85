"""`chestnut threshold`: choose the threshold that a run decides by, or show it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_next, print_notes
from chestnut.cli.shared.tables import table
from chestnut.errors import DataError
from chestnut.limits import MOST_SEED

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.inference.bundle import Bundle
    from chestnut.runs.record import ThresholdChange


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    rule: Annotated[
        str | None,
        typer.Option(
            "--rule",
            metavar="RULE",
            help="youden, f1, sensitivity=SHARE, specificity=SHARE, cost=FN:FP, prevalence=SHARE or fixed=PROBABILITY; "
            "without a rule, the threshold is shown.",
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on", metavar="IMAGES", help="val (default): validation images as they are; stress: under all shifts."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, max=MOST_SEED, help="The seed of the halves of the patients. Default: 0."),
    ] = None,
    *,
    json: JsonOption = None,
) -> None:
    """Choose the threshold of RUN by a rule, with the sensitivity and specificity that it promises, and keep it.

    The rates are those of each half of the patients, decided by the threshold that the other half gives.
    """
    from chestnut.api.run import open_run
    from chestnut.inference.run_bundle import read_run_bundle
    from chestnut.inference.thresholds import made_at_another_threshold

    subject = open_run(run)
    if rule is not None:
        subject.choose_threshold(
            rule, on=on or "val", seed=seed or 0, display=TerminalDisplay(), command=command_line()
        )
    elif on is not None or seed is not None:
        raise DataError("--on and --seed say how a threshold is chosen; give --rule too, as in --rule youden")
    bundle, changes = read_run_bundle(subject.folder), subject.folder.record.thresholds
    older = made_at_another_threshold(subject.folder, bundle)
    result = describe(bundle) | {"history": [one.model_dump() for one in changes], "older_evaluations": older}
    if emit({"run": str(run), **result}, json):
        out.print(point_table(str(run), bundle))
        if changes:
            out.print(history_table(changes))
        print_notes(notes(bundle, older))
        print_next("chestnut", "evaluate", run, "--split", older[0]) if older else print_next("chestnut", "info", run)


def describe(bundle: Bundle) -> dict[str, Any]:
    """Return the threshold of a run, and how it was chosen, for JSON."""
    point = bundle.operating_point
    return {
        "positive": bundle.positive,
        "threshold": None if bundle.positive is None else bundle.threshold,
        "rule": None if point is None else point.rule,
        "on": None if point is None else point.on,
        "promised": None if point is None else point.to_dict()["promised"],
        "warning": "" if point is None else point.warning,
    }


def point_table(run: str, bundle: Bundle) -> Table:
    """Return the table of the threshold and what it promises."""
    made = table(run, ("", ""))
    made.show_header = False
    if bundle.positive is None:
        made.add_row("decided", "the likeliest class; a threshold is for two classes")
        return made
    made.add_row("threshold", f"{bundle.threshold:.4g} of {bundle.positive}")
    point = bundle.operating_point
    made.add_row("rule", "none" if point is None else f"{point.rule}, on {point.on}")
    if point is not None:
        made.add_row("sensitivity", str(point.promised.sensitivity))
        made.add_row("specificity", str(point.promised.specificity))
    return made


def history_table(changes: list[ThresholdChange]) -> Table:
    """Return the table of all changes of the threshold, oldest first."""
    made = table("Thresholds so far", ("when", "rule", "on", "threshold", "before"), ("threshold", "before"), ("when",))
    for one in changes:
        when = one.when[:16].replace("T", " ")
        made.add_row(when, one.rule, one.on, f"{one.threshold:.4g}", f"{one.before:.4g}")
    return made


def notes(bundle: Bundle, older: list[str]) -> list[str]:
    """Say what the rates rest on, what speaks against them, and which evaluations have another threshold."""
    said = []
    point = bundle.operating_point
    if point is not None and point.chosen:
        said.append("The rates are of each half of the patients, decided by the threshold that the other half gives.")
    if point is not None and point.warning:
        said.append(f"{point.warning[0].upper()}{point.warning[1:]}.")
    if older:
        said.append(f"The evaluation of {', '.join(older)} was made at another threshold; evaluate again.")
    return said
