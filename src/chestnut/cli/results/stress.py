"""`chestnut stress`: judge a run on its validation images as other scanners would have taken them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.decided import print_decided
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, command_line, emit, out, print_next, print_notes
from chestnut.cli.shared.set_options import CoverageOption, PerClassOption
from chestnut.errors import DataError
from chestnut.limits import MOST_SEED
from chestnut.models.framework import load_framework

if TYPE_CHECKING:
    from chestnut.api.options import DisplayOptions
    from chestnut.api.run import Run
    from chestnut.robustness.exchange.exchange import Exchange


@with_data_options
def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    shift: Annotated[
        list[str] | None,
        typer.Option("--shift", metavar="NAME", help="Use only this shift; may be repeated. Default: all shifts."),
    ] = None,
    external: Annotated[
        Path | None, typer.Option("--external", metavar="DATA", help="Judge another data set too, without shifts.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="THEIRS=OURS", help="Rename classes of DATA to the run's, as A=B,C=D."),
    ] = None,
    operating_point: Annotated[
        str | None,
        typer.Option(
            "--operating-point",
            metavar="RULE",
            help="Choose thresholds by this rule of chestnut threshold, such as sensitivity=0.95.",
        ),
    ] = None,
    coverage: CoverageOption = None,
    per_class: PerClassOption = False,
    sources: Annotated[
        bool,
        typer.Option(
            "--leave-one-source-out",
            help="Train again without each source, and judge on that source.",
        ),
    ] = False,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="The most epochs of those trainings. Default: the recipe's.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the threshold chosen on the shifts into the run.")
    ] = False,
    no_exchange: Annotated[
        bool, typer.Option("--no-exchange", help="Leave out the exchange test, which --shift leaves out too.")
    ] = False,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=MOST_SEED, help="The seed of the shifts, the halves of the patients and the intervals."
        ),
    ] = 0,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Judge RUN on its validation images under shifts: contrast, blur, markers, another scanner's style and more.

    The exchange test comes first: what the framing and scanner of each class give away.
    """
    from chestnut.api.run import open_run
    from chestnut.robustness.external import parse_mapping

    if external is None and (mapping or options != DataOptions()):
        raise DataError("--map and the options of data describe another data set; give it by --external DATA")
    if keep and operating_point is None:
        raise DataError("--keep keeps the threshold of an operating point; give one, as in --operating-point balanced")
    if epochs is not None and not sources:
        raise DataError("--epochs limits the trainings of --leave-one-source-out; give both, or neither")
    subject = open_run(run)
    if sources:
        _require_sources(subject)
    how: DisplayOptions = {"display": TerminalDisplay(), "command": command_line()}
    found = subject.stress(
        shift or (),
        external=None if external is None else options.reader(external),
        mapping=parse_mapping(mapping or ()),
        operating_point=operating_point,
        keep=keep,
        seed=seed,
        coverage=coverage,
        per_class=per_class,
        skip_bad=options.skip_bad,
        **how,
    )
    from chestnut.robustness.files import stress_dict

    exchange, fault = (None, "") if shift or no_exchange else _exchange(subject, seed, how)
    left_out = [one.to_dict() for one in subject.leave_one_source_out(epochs=epochs, **how)] if sources else None
    exchanged = None if exchange is None else exchange.to_dict()
    result = {"run": str(run), "exchange": exchanged, **stress_dict(found), "sources": left_out}
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
