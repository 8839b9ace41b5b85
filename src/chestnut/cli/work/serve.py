"""`chestnut serve`: answer over HTTP, with a page in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.output import JsonOption, emit, out, say

if TYPE_CHECKING:
    from chestnut.api.serve import Serving


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Runs or bundles; the first is the default.")],
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; others than this computer need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", help="The port; 0 for any that is free.")] = 8765,
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="sqlite:///FILE or postgresql://USER@HOST/NAME.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="TOKENS", help="One token a line; written if it is missing.")
    ] = None,
    keep_images: Annotated[
        Path | None, typer.Option("--keep-images", metavar="FOLDER", help="Keep the images there; none by default.")
    ] = None,
    keep_dicom: Annotated[
        bool, typer.Option("--keep-dicom", help="Keep DICOM files whole, with the patient's name; else the picture.")
    ] = False,
    keep_days: Annotated[
        int | None, typer.Option("--keep-days", metavar="N", help="Delete what is older; by default nothing.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="Threads of one computation; cores - 1.")
    ] = None,
    most_waiting: Annotated[
        int | None, typer.Option("--most-waiting", metavar="N", help="How many images may wait before 503; 256.")
    ] = None,
    json: JsonOption = None,
) -> None:
    """Answer over HTTP with the networks of runs, and show a page in the browser, until Ctrl-C.

    Every prediction enters an audit table before it is answered. Not a medical device.
    """
    from chestnut.api.serve import serve_runs

    serve_runs(
        runs,
        host=host,
        port=port,
        database=database,
        token_file=token_file,
        keep_images=keep_images,
        keep_dicom=keep_dicom,
        keep_days=keep_days,
        threads=threads,
        most_waiting=most_waiting,
        on_ready=lambda serving: _tell(serving, json),
    )
    say("stopped")


def _tell(serving: Serving, json: Path | None) -> None:
    """Print where the service answers, and where it writes."""
    if emit(serving.to_dict(), json):
        out.print(f"{', '.join(serving.models)} at {serving.address} (audit table: {serving.audit})", soft_wrap=True)
    if serving.token_file is not None:
        say(f"note: clients need a token of {serving.token_file}")
