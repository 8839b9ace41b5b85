"""`chestnut stress`: judge a run on its validation images as other scanners would have taken them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.framework import load_framework
from chestnut.cli.shared.live_training import LiveTable
from chestnut.cli.shared.output import JsonOption, bar, command_line, emit, out, print_notes, say
from chestnut.errors import DataError

if TYPE_CHECKING:
    from chestnut.data.manifest import Manifest
    from chestnut.runs.folder import RunFolder


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
            metavar="GOAL",
            help="Choose thresholds for this goal: balanced, sensitivity=SHARE or specificity=SHARE.",
        ),
    ] = None,
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
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="The seed of the shifts, the halves of the patients and the intervals.")
    ] = 0,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Judge RUN on its validation images under shifts: contrast, blur, markers, another scanner's style and more."""
    from chestnut.evaluation.thresholds import Goal
    from chestnut.robustness.external import parse_mapping
    from chestnut.robustness.shifts import find_shift
    from chestnut.runs.folder import RunFolder

    if external is None and (mapping or options != DataOptions()):
        raise DataError("--map and the options of data describe another data set; give it by --external DATA")
    if keep and operating_point is None:
        raise DataError("--keep keeps the threshold of an operating point; give one, as in --operating-point balanced")
    if epochs is not None and not sources:
        raise DataError("--epochs limits the trainings of --leave-one-source-out; give both, or neither")
    folder = RunFolder.open(run)
    for name in shift or ():
        find_shift(name)
    goal = None if operating_point is None else Goal.parse(operating_point)
    renamed = parse_mapping(mapping or ())
    other = None if external is None else _load(external, options)
    load_framework()
    from chestnut.studies.leave_source_out import require_sources

    if sources:
        require_sources(folder)
    from chestnut.robustness.files import keep_point, save_stress, stress_dict
    from chestnut.robustness.validation import Plan, stress

    found = stress(folder, Plan(tuple(shift or ()), other, renamed, goal, seed, options.skip_bad), bar)
    save_stress(folder, found)
    if keep:
        keep_point(folder, found, command=command_line(), bars=bar)
    left_out = _without_each(folder, epochs) if sources else None
    result = {"run": str(folder.path), **stress_dict(found), "sources": left_out}
    if emit(result, json):
        _print(result, keep)


def _load(external: Path, options: DataOptions) -> Manifest:
    other = options.load(external)
    for note in other.notes:
        say(f"note: {note}")
    return other


def _without_each(folder: RunFolder, epochs: int | None) -> list[dict[str, Any]]:
    """Train the recipe without each source, and judge it on that source."""
    from chestnut.studies.leave_source_out import Retraining, leave_one_source_out

    return [one.to_dict() for one in leave_one_source_out(folder, Retraining(epochs, command_line(), bar, _watch))]


@contextmanager
def _watch(source: str) -> Iterator[LiveTable]:
    """Show the training without a source while it runs."""
    say(f"Without {source}:")
    with LiveTable() as live:
        yield live


def _print(result: dict[str, Any], kept: bool) -> None:
    from chestnut.cli.shared.stress_tables import external_table, points_table, shifts_table, sources_table

    out.print(shifts_table(result))
    notes = [result["shortcut"]["sentence"]]
    if result["partial"]:
        notes.append("Only some of the shifts were made, so there is no mean over them. Results under all are kept.")
    print_notes(notes)
    external, points = result["external"], result["operating_points"]
    if external is not None:
        out.print()
        out.print(external_table(external))
        print_notes(external["notes"])
    if points is not None:
        out.print()
        out.print(points_table(points))
        if kept:
            threshold = points["points"][-1]["threshold"]
            print_notes([f"The threshold {threshold:.4g} was written into the run, which decides by it from now on."])
    if result["sources"] is not None:
        out.print()
        out.print(sources_table(result["sources"]))
    out.print(f"\nNext: chestnut report {result['run']}", markup=False)
