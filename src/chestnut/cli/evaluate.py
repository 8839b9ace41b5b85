"""`chestnut evaluate`: judge a run on one of its splits, or on another data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.framework import load_framework
from chestnut.cli.shared.output import JsonOption, bar, command_line, emit, out, say
from chestnut.errors import DataError, suggest


@with_data_options
def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    data: Annotated[Path | None, typer.Argument(metavar="DATA", help="Another data set; else the run's own.")] = None,
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Judge RUN with every metric and its 95 % interval. A look at a test split is entered into the run's ledger."""
    from chestnut.cli.shared.result_tables import metrics_table
    from chestnut.data.manifest import SPLITS
    from chestnut.runs.folder import RunFolder

    if split not in SPLITS:
        raise DataError(f"no split {split!r}; {suggest(split, SPLITS)}")
    if data is None and replace(options, skip_bad=False) != DataOptions():
        raise DataError("--labels, --column, the patterns and --positive tell of DATA; give DATA, or leave them out")
    folder = RunFolder.open(run)
    other = None
    if data is not None:
        other = options.load(data)
        for note in other.notes:
            say(f"note: {note}")
    load_framework()
    from chestnut.inference.evaluate import evaluate_run

    result = evaluate_run(folder, split, other, command=command_line(), skip_bad=options.skip_bad, bars=bar).to_dict()
    if emit({"run": str(folder.path), "split": split, **result}, json):
        where = data or "its own images"
        title = f"{folder.path} on {split} of {where}: {result['images']} images of {result['patients']} patients"
        out.print(metrics_table(title, result))
        for note in result["notes"]:
            out.print(f"· {note}", markup=False)
