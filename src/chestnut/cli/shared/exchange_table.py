"""The table and the notes of an exchange test."""

from __future__ import annotations

from rich.table import Table

from chestnut.cli.shared.tables import table
from chestnut.evaluation.intervals import Estimate, format_figure
from chestnut.robustness.exchange.exchange import Exchange

_DROPPABLE = ("specificity", "sensitivity", "given away")


def exchange_table(exchange: Exchange, run: str) -> Table:
    """Build the table of AUROC with donors of another class and of the same class, for each condition.

    Args:
        exchange: The result of the test.
        run: What to call the run.
    """
    draws = f"{exchange.draws} {'draw' if exchange.draws == 1 else 'draws'}"
    title = (
        f"{run} after an exchange: {exchange.images:,} validation images of {exchange.patients:,} patients, {draws}, "
        f"seed {exchange.seed}"
    )
    numbers = (f"AUROC, {exchange.another}'s", "AUROC, own class's", "given away", "sensitivity", "specificity")
    built = table(title, ("exchanged", *numbers), numbers, _DROPPABLE, "--json")
    plain = exchange.plain
    built.add_row("nothing", str(plain.auroc), "", "", *_rates(plain.sensitivity, plain.specificity))
    built.add_section()
    for pair in exchange.conditions:
        rates = _rates(pair.other.sensitivity, pair.other.specificity)
        built.add_row(pair.name, str(pair.other.auroc), str(pair.same.auroc), str(pair.given_away), *rates)
    return built


def _rates(*estimates: Estimate) -> list[str]:
    return ["–" if one.value is None else format_figure(one.value) for one in estimates]


def exchange_notes(exchange: Exchange) -> list[str]:
    """Say what the test found, and which images took no part."""
    notes = [exchange.sentence]
    if exchange.left_out or exchange.donors_left_out:
        held, lent = exchange.images + exchange.left_out, exchange.donors + exchange.donors_left_out
        notes.append(
            f"Lungs were not found in {exchange.left_out:,} of {held:,} validation images and "
            f"{exchange.donors_left_out:,} of {lent:,} training images, which took no part."
        )
    return notes
