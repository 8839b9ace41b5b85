"""`chestnut stress`: judge a run on its validation images as other scanners would have taken them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chestnut.cli.results.shift_options import ShiftOptions, with_shift_options
from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.decided import print_decided
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_next, print_notes
from chestnut.errors import DataError
from chestnut.models.framework import load_framework

if TYPE_CHECKING:
    from chestnut.api.options import DisplayOptions
    from chestnut.api.run import Run, StressCallOptions
    from chestnut.robustness.exchange.exchange import Exchange


@with_data_options
@with_shift_options
def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    *,
    how: ShiftOptions,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Judge RUN on its validation images under shifts: contrast, blur, markers, another scanner's style and more.

    The exchange test comes first: what the framing and scanner of each class give away.
    """
    from chestnut.api.run import open_run
    from chestnut.robustness.files import stress_dict

    how.check(options)
    subject = open_run(run)
    if how.sources:
        _require_sources(subject)
    display: DisplayOptions = {"display": TerminalDisplay(), "command": command_line()}
    settings: StressCallOptions = {**how.keywords(options), **display}
    found = subject.stress(how.shift or (), **settings)
    exchange, fault = (None, "") if how.shift or how.no_exchange else _exchange(subject, how.seed, display)
    sources = subject.leave_one_source_out(epochs=how.epochs, **display) if how.sources else None
    result = {
        "run": str(run),
        "exchange": None if exchange is None else exchange.to_dict(),
        **stress_dict(found),
        "sources": None if sources is None else [one.to_dict() for one in sources],
    }
    if emit(result, json):
        _print_exchange(exchange, fault, run)
        _print(result)
        print_decided(subject.folder)
        print_next("chestnut", "report", run)


def _exchange(run: Run, seed: int, how: DisplayOptions) -> tuple[Exchange | None, str]:
    """Make the exchange test of a run that has none, or say why there can be none."""
    try:
        return run.exchange(seed=seed, keep=True, **how), ""
    except DataError as error:
        return None, f"There is no exchange test: {error}."


def _require_sources(run: Run) -> None:
    """Check that a run has several sources, before the shifts are computed, which takes long."""
    load_framework()
    from chestnut.studies.leave_source_out import require_sources

    require_sources(run.folder)


def _print_exchange(exchange: Exchange | None, fault: str, run: Path) -> None:
    from chestnut.cli.tables.stress_tables import exchange_notes, exchange_table

    if exchange is not None:
        out.print(exchange_table(exchange, str(run)))
        print_notes(exchange_notes(exchange))
        out.print()
    print_notes([fault] if fault else [])


def _print(result: dict[str, Any]) -> None:
    from chestnut.cli.tables.stress_tables import (
        external_table,
        points_table,
        sets_table,
        shifts_table,
        sources_table,
    )
    from chestnut.robustness.set_coverage import ShiftedSets

    out.print(shifts_table(result))
    notes = [result["shortcut"]["sentence"]]
    if lost := [row for row in result["shifts"] if row["lungs_lost"]]:
        most = max(lost, key=lambda row: row["lungs_lost"])
        notes.append(
            f"Lungs were lost under {len(lost)} of {len(result['shifts'])} shifts, in up to {most['lungs_lost']:,} of "
            f"{result['images']:,} images ({most['name']}); of these the network saw the whole image."
        )
    if result["partial"]:
        notes.append("Only some of the shifts were made, so there is no mean over them. Results under all are kept.")
    print_notes(notes)
    external, points = result["external"], result["operating_points"]
    if external is not None:
        out.print()
        out.print(external_table(external))
        print_notes(external["notes"])
    if result["sets"] is not None:
        out.print()
        out.print(sets_table(ShiftedSets.from_dict(result["sets"])))
    if points is not None:
        out.print()
        out.print(points_table(points))
    if result["sources"] is not None:
        out.print()
        out.print(sources_table(result["sources"]))
