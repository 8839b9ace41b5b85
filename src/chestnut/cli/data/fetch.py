"""`chestnut fetch`: download a public data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, emit, human_bytes, out, print_next, say


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="kaggle-pneumonia (1.2 GB) or pneumoniamnist (4.2 MB).")],
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to put it into."), Output(folder=True)],
    json: JsonOption = None,
) -> None:
    """Download the public data set NAME into OUT, check it and unpack it; a stopped download is resumed.

    The environment variable CHESTNUT_FETCH_URL names a mirror.
    """
    from chestnut.api.data import fetch
    from chestnut.data.public.collections import collection_named

    chosen = collection_named(name)
    say(f"{chosen.name}: {chosen.title}")
    say(f"size {human_bytes(chosen.bytes)}, licence {chosen.licence}, cite {chosen.citation}")
    say(f"from {chosen.homepage}")
    path = fetch(name, folder, display=TerminalDisplay())
    facts = {"bytes": chosen.bytes, "licence": chosen.licence, "citation": chosen.citation, "homepage": chosen.homepage}
    if emit({"name": chosen.name, "path": str(path), **facts}, json):
        out.print(f"{path} is ready", markup=False, soft_wrap=True)
        print_next("chestnut", "audit", path)
