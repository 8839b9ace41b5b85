"""`chestnut audit`: find what is wrong with a data set before anyone trains on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.auditing.findings import AUDIT_SIZE
from chestnut.cli.shared.data_options import DataArgument, DataOptions, with_data_options
from chestnut.cli.shared.destinations import Output
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.output import JsonOption, emit, out, print_next
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from chestnut.auditing.audit import Audit, Finding

_STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}
_FILES_SHOWN = 5
_PAGES = ("audit.json", "audit.html")


@with_data_options
def command(
    data: DataArgument,
    size: Annotated[
        int, typer.Option("--size", metavar="PIXELS", min=28, max=2048, help="Side at which images are audited.")
    ] = AUDIT_SIZE,
    output: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Write audit.json and audit.html there."),
        Output(folder=True, files=(*_PAGES, "identities.csv")),
    ] = None,
    identities: Annotated[
        bool, typer.Option("--identities", help="Show file names, patients and folders in audit.html.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with exit status 1 if there is an error.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the folds of the probes.")] = 0,
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """Find what is wrong with DATA before anyone trains on it: files, copies, splits, unusual images and shortcuts."""
    from chestnut.api.data import audit

    found = audit(options.reader(data, skip_bad=True), size=size, seed=seed, display=TerminalDisplay())
    written = _write(found, output, identities) if output else []
    if emit(found.to_dict(), json):
        _print(found)
        for path in written:
            out.print(f"written to {path}", markup=False, soft_wrap=True)
        if found.worst == "error" and not written:
            print_next("chestnut", "audit", data, *options.words(), "--out", "audit")
        else:
            print_next("chestnut", "train", data, *options.words())
    if strict and found.worst == "error":
        raise typer.Exit(1)


def _write(audit: Audit, folder: Path, identities: bool) -> list[Path]:
    from chestnut.files.atomic import write_text
    from chestnut.files.json_files import json_text
    from chestnut.report.pages.audit import write_audit_page

    paths = [folder / name for name in _PAGES]
    write_text(paths[0], json_text(audit.to_dict()), follow=True)
    write_audit_page(audit.to_dict(), paths[1], Path(audit.data["root"]).name, identities=identities)
    return paths


def _print(audit: Audit) -> None:
    from rich.table import Table
    from rich.text import Text

    _print_counts(audit)
    out.print(Text.assemble(*_count_findings(audit)))
    blocks: list[tuple[Text, RenderableType]] = [
        (Text(finding.severity.upper(), _STYLES[finding.severity]), _describe(finding, audit.data["root"]))
        for finding in audit.findings
    ]
    if audit.passed:
        blocks.append((Text("OK", "bold green"), _list_passed(audit)))
    for word, body in blocks:
        row = Table.grid(padding=(0, 2))
        row.add_column(width=7)
        row.add_column(ratio=1)
        row.add_row(word, body)
        out.print()
        out.print(row)
    out.print()


def _print_counts(audit: Audit) -> None:
    data = audit.data
    synthetic = ", synthetic" if data["synthetic"] else ""
    seen = f"audited at {data['size'][1]}×{data['size'][0]}"
    counts = table(
        f"{data['root']}: {data['images']:,} images of {data['patients']:,} patients{synthetic}, {seen}",
        ("", "images", "patients"),
        ("images", "patients"),
    )
    for part in ("classes", "splits"):
        for name, count in data[part].items():
            counts.add_row(name, f"{count['images']:,}", f"{count['patients']:,}")
        counts.add_section()
    out.print(counts)


def _count_findings(audit: Audit) -> list[tuple[str, str] | str]:
    """Return the number of findings of each severity, coloured and separated by commas."""
    from chestnut.auditing.findings import number

    words = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("note", "notes")}
    counts = [
        (number(count, *words[severity]), _STYLES[severity]) for severity, count in audit.counts().items() if count
    ]
    parts: list[tuple[str, str] | str] = []
    for count in counts or [("nothing found", "bold green")]:
        parts += [", ", count] if parts else [count]
    return parts


def _describe(finding: Finding, root: str) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    lines: list[Text] = [Text(finding.title, "bold"), Text(finding.evidence)]
    if finding.files:
        lines.append(_files(finding, root))
    if finding.remedy:
        lines.append(Text.assemble(("→ ", _STYLES[finding.severity]), finding.remedy))
    return Group(*lines)


def _files(finding: Finding, root: str) -> Text:
    """Return the first files of a finding, relative to the data set, and the number of further ones."""
    from rich.text import Text

    shown = [path.removeprefix(root).lstrip("/#") if root in path else path for path in finding.files[:_FILES_SHOWN]]
    more = max(len(finding.files), finding.figures.get("images", 0)) - len(shown)
    return Text("\n".join([*shown, f"and {more} more"] if more else shown), "dim")


def _list_passed(audit: Audit) -> Text:
    from rich.text import Text

    from chestnut.auditing.findings import CHECKS

    return Text("\n".join(CHECKS[name] for name in audit.passed))
