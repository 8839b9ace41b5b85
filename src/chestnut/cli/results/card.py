"""`chestnut card`: write the model card of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.output import JsonOption, emit, out


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    output: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Markdown, or JSON if it ends in .json. [default: both in RUN]"),
        Output(own="card.md"),
    ] = None,
    identities: Annotated[bool, typer.Option("--identities", help="Show the whole path of the data set.")] = False,
    json: JsonOption = None,
) -> None:
    """Write the model card of RUN: what the model is and is for, its data, its figures with intervals, its limits.

    It states only what was measured, and of the rest that it was not. What only its author knows comes from study.toml.
    """
    from chestnut.api.run import open_run

    subject = open_run(run)
    files = subject.write_card(output, identities=identities)
    if emit({} if json is None else subject.card(identities=identities).to_dict(), json):
        for file in files:
            out.print(str(file), markup=False, soft_wrap=True)
