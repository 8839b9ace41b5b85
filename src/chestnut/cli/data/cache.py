"""`chestnut cache`: list or clean the decoded images that are kept on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from chestnut.cli.shared.output import JsonOption, emit, human_bytes, out, print_next, say
from chestnut.cli.shared.tables import table


def command(
    clean: Annotated[bool, typer.Option("--clean", help="Remove entries: all, or those of --older-than.")] = False,
    older_than: Annotated[
        float | None,
        typer.Option(min=0, metavar="DAYS", help="With --clean, remove only entries not used for so many days."),
    ] = None,
    json: JsonOption = None,
) -> None:
    """List or clean the decoded images that are kept on disk.

    The environment variables CHESTNUT_CACHE and CHESTNUT_CACHE_LIMIT set the folder and its limit.
    """
    from chestnut.data.cache import cache
    from chestnut.data.cache.store import measure_compiled

    if older_than is not None and not clean:
        raise typer.BadParameter("add --clean, which removes those entries", param_hint="--older-than")
    limit = cache.cache_limit()
    freed = cache.clean(older_than) if clean else 0
    entries = cache.entries()
    total = sum(entry.bytes for entry in entries)
    rows = [
        {
            "rule": entry.rule,
            "images": entry.images,
            "bytes": entry.bytes,
            "last_use": datetime.fromtimestamp(entry.last_use, UTC).isoformat(timespec="seconds"),
            "folder": str(entry.folder),
        }
        for entry in entries
    ]
    folder, compiled = str(cache.cache_folder()), measure_compiled()
    sizes = {"limit": limit, "total": total, "compiled": compiled, "freed": freed}
    if not emit({"folder": folder, **sizes, "entries": rows}, json):
        return
    if clean:
        say(f"{human_bytes(freed)} freed")
    if entries:
        listing = table(None, ("rule", "images", "size", "last use"), numbers=("images", "size"))
        for entry in entries:
            used = datetime.fromtimestamp(entry.last_use).astimezone().strftime("%Y-%m-%d %H:%M")
            listing.add_row(entry.rule, f"{entry.images:,}", human_bytes(entry.bytes), used)
        out.print(listing)
    if compiled:
        out.print(f"{human_bytes(compiled)} of programs compiled for a GPU or TPU")
    out.print(f"{human_bytes(total)} of at most {human_bytes(limit)} in {folder}", markup=False, soft_wrap=True)
    print_next("chestnut", *(("cache", "--clean", "--older-than", "30") if entries else ("train", "--help")))
