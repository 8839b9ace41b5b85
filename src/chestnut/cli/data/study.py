"""`chestnut study`: write a file in which a study is described, to be filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.output import JsonOption, emit, out, print_next


def command(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The file to write, such as study.toml in the folder of the images."),
        Output(),
    ],
    json: JsonOption = None,
) -> None:
    """Write FILE, a study.toml to fill in: what the model is for, who the patients are, how the labels were made.

    A study.toml beside the images is taken into every run that is trained on them. The report, the model card and the
    checklists are made from it.
    """
    import chestnut

    fields = chestnut.write_study(file)
    if emit({"study": str(file), "fields": list(fields)}, json):
        out.print(f"{file}: {len(fields)} fields to fill in", markup=False, soft_wrap=True)
        print_next("chestnut", "report", "RUN", "--study", file)
