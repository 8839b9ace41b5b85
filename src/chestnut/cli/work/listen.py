"""`chestnut listen`: take images from a hospital's network, and send results back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.output import JsonOption, emit, out, say

if TYPE_CHECKING:
    from chestnut.api.listen import Listening


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run or its bundle.")],
    ae_title: Annotated[str, typer.Option("--ae-title", metavar="AE", help="The title of this application.")] = (
        "CHESTNUT"
    ),
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; 0.0.0.0 for all.")] = (
        "0.0.0.0"  # noqa: S104 - other machines of the hospital send images
    ),
    port: Annotated[int, typer.Option("--port", metavar="N", help="The port; 0 for any that is free.")] = 11112,
    forward: Annotated[
        list[str] | None,
        typer.Option("--forward", metavar="AE@HOST:PORT", help="Send results there; may be given several times."),
    ] = None,
    forward_tls: Annotated[bool, typer.Option("--forward-tls", help="Send results over TLS.")] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="Write results there."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="AE[@HOST]", help="Who may send; may be given several times. Anybody."),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="PEM", help="The certificate for connections over TLS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="PEM", help="Its private key.")] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option("--tls-ca", metavar="PEM", help="Demand certificates of senders that these authorities signed."),
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="sqlite:///FILE or postgresql://USER@HOST/NAME.")
    ] = None,
    spool: Annotated[
        Path | None,
        typer.Option("--spool", metavar="FOLDER", help="Keep images there until they are done; they name patients."),
    ] = None,
    keep_days: Annotated[
        int | None, typer.Option("--keep-days", metavar="N", help="Delete rows of the audit table after N days.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="Threads of one computation; one per core.")
    ] = None,
    json: JsonOption = None,
) -> None:
    """Take chest radiographs over DICOM, score them with RUN, and send the results on, until Ctrl-C.

    Results are a structured report and a picture with a heat map, in the study of the image. Not a medical device.
    """
    from chestnut.api.listen import listen

    listen(
        run,
        ae_title=ae_title,
        host=host,
        port=port,
        forward=forward or (),
        forward_tls=forward_tls,
        to=to,
        allow=allow or (),
        tls_cert=tls_cert,
        tls_key=tls_key,
        tls_ca=tls_ca,
        database=database,
        spool=spool,
        keep_days=keep_days,
        threads=threads,
        on_ready=lambda listening: _tell(listening, json),
    )
    say("stopped")


def _tell(listening: Listening, json: Path | None) -> None:
    """Print where the listener is reached, where results go, and where it writes."""
    if emit(listening.to_dict(), json):
        out.print(f"{listening.ae_title} listens at {listening.host} port {listening.port} with {listening.model}")
        out.print(f"results go to {', '.join(listening.targets)}", soft_wrap=True)
        out.print(f"spool: {listening.spool}; audit table: {listening.audit}", soft_wrap=True)
        out.print("Not a medical device.", style="dim")
