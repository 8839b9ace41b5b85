"""`chestnut evaluate`: evaluate a run on one of its splits, or on another data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.decided import print_decided
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, WideOption, command_line, emit, out, print_next, print_notes
from chestnut.cli.shared.set_options import CoverageOption, PerClassOption
from chestnut.errors import DataError, suggest

if TYPE_CHECKING:
    from chestnut.evaluation.metrics import Evaluation
    from chestnut.runs.folder import RunFolder


@with_data_options
def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="Another data set; by default the run's own.")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", metavar="0..1", help="Decide at this probability instead of the run's own threshold."
        ),
    ] = None,
    coverage: CoverageOption = None,
    per_class: PerClassOption = False,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", metavar="COLUMN", help="Judge the groups of a column too, such as sex, age or format. Repeatable."
        ),
    ] = None,
    attributes: Annotated[
        Path | None,
        typer.Option("--attributes", metavar="CSV", help="A table with such columns, by path, file name or patient."),
    ] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(
            "--prevalence",
            metavar="0..1",
            help="Give predictive values and net benefit where so many have the disease.",
        ),
    ] = None,
    patients: Annotated[
        str,
        typer.Option(
            "--patients", metavar="mean|any", help="Judge a patient by the mean of the images, or by the highest."
        ),
    ] = "mean",
    wide: WideOption = False,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Evaluate RUN with every metric and its 95 % interval. A look at a test split is entered into the run's ledger.

    With --threshold the result is printed and not kept, so that the evaluation at the run's own threshold stays.
    """
    from chestnut.api.run import open_run
    from chestnut.data.manifest import SPLITS

    if split not in SPLITS:
        raise DataError(f"no split {split!r}; {suggest(split, SPLITS)}")
    if data is None and replace(options, skip_bad=False) != DataOptions():
        raise DataError("--labels, --column, the patterns and --positive describe DATA; give DATA, or leave them out")
    subject = open_run(run)
    found = subject.evaluate(
        split,
        None if data is None else options.reader(data),
        threshold=threshold,
        coverage=coverage,
        per_class=per_class,
        by=by or (),
        attributes=attributes,
        prevalence=prevalence,
        patients=patients,
        skip_bad=options.skip_bad,
        display=TerminalDisplay(),
        command=command_line(),
    )
    result = found.to_dict()
    if emit({"run": str(run), "split": split, **result}, json):
        where = data or "its own images"
        title = f"{run} on {split} of {where}: {result['images']} images of {result['patients']} patients"
        _print(title, found, None if threshold is not None else subject.folder)
        print_next("chestnut", "report", run)


def _print(title: str, found: Evaluation, decided_by: RunFolder | None) -> None:
    """Print the tables and notes of an evaluation; `decided_by` is the run if its own threshold decided."""
    from chestnut.cli.tables.result_tables import confusion_table, details_table, metrics_table, sets_table
    from chestnut.cli.tables.subgroup_table import subgroups_table

    result = found.to_dict()
    out.print(metrics_table(title, result))
    out.print(confusion_table(result))
    if decided_by is not None:
        print_decided(decided_by)
    print_notes(result["notes"])
    if found.details is not None and found.details.classes:
        out.print(details_table(found.details))
    if found.sets is not None:
        out.print(sets_table(found.sets))
        print_notes(found.sets.notes)
    for one in found.subgroups:
        if one.divided:
            out.print(subgroups_table(one))
        print_notes(one.sentences)
