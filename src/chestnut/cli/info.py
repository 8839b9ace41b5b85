"""`chestnut info`: classes, counts and shapes of a data set or a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.output import JsonOption, emit, human_bytes, out, table


@with_data_options
def command(
    target: Annotated[Path, typer.Argument(metavar="DATA|RUN", help="A data set, or a run's folder.")],
    *,
    options: DataOptions,
    json: JsonOption = None,
) -> None:
    """List classes, counts and shapes."""
    if (target / "environment.json").is_file():
        _show_run(target, json)
        return
    manifest = options.load(target)
    from chestnut.data.decoding.headers import read_facts

    facts = read_facts(manifest.paths)
    shapes = facts.groupby(["format", "mode", "bits"]).agg(
        images=("width", "size"),
        narrowest=("width", "min"), widest=("width", "max"),
        lowest=("height", "min"), highest=("height", "max"),
        bytes=("bytes", "sum"),
    )  # fmt: skip
    kinds = shapes.reset_index().to_dict(orient="records")
    counts = manifest.counts()
    if emit({**manifest.facts(), "counts": counts.to_dict(orient="index"), "formats": kinds}, json):
        _print_counts(manifest, counts)
        made = table(
            "Files", ("format", "mode", "bits", "images", "width", "height", "size"), ("bits", "images", "size")
        )
        for row in kinds:
            width, height = _range(row["narrowest"], row["widest"]), _range(row["lowest"], row["highest"])
            size = human_bytes(float(row["bytes"]))
            made.add_row(
                row["format"] or "unreadable", row["mode"], str(row["bits"]), f"{row['images']:,}", width, height, size
            )
        out.print(made)
        for note in manifest.notes:
            out.print(f"· {note}", markup=False)


def _range(least: int, most: int) -> str:
    return f"{least}" if least == most else f"{least}–{most}"


def _print_counts(manifest: Any, counts: Any) -> None:
    patients = manifest.frame["patient"].nunique()
    synthetic = ", synthetic" if manifest.synthetic else ""
    made = table(
        f"{manifest.root}: {len(manifest):,} images of {patients:,} patients{synthetic}",
        ("class", *counts.columns),
        tuple(counts.columns),
    )
    for label, row in counts.iterrows():
        mark = " (positive)" if label == manifest.positive else ""
        made.add_row(f"{label}{mark}", *(f"{value:,}" for value in row))
    out.print(made)


def _show_run(path: Path, json: Path | None) -> None:
    from chestnut.runs.folder import RunFolder

    run = RunFolder.open(path)
    recipe, facts, record = run.recipe, run.facts, run.record
    result = {
        "run": str(path),
        "recipe": recipe.model_dump(mode="json"),
        "data": facts,
        "environment": record.to_dict(),
    }
    if emit({**result, "evaluations": run.evaluations(), "looks_at_test": len(run.own_looks)}, json):
        made = table(str(path), ("", ""))
        made.show_header = False
        for name, value in (
            ("recipe", f"{recipe.name}: {recipe.summary}"),
            ("status", record.status),
            ("classes", ", ".join(facts["classes"])),
            ("images", f"{facts['images']:,} of {facts['patients']:,} patients, from {facts['root']}"),
            ("input", f"{recipe.input.height}×{recipe.input.width}×{recipe.input.channels}, {recipe.input.resize}"),
            ("parameters", f"{record.parameters:,}" if record.parameters is not None else "–"),
            ("best epoch", record.kept_epoch),
            *(("member", f"{one.run} ({one.recipe})") for one in record.members),
            ("evaluations", ", ".join(run.evaluations()) or "none yet"),
            ("looks at test", str(len(run.own_looks))),
            ("device", f"{record.device}, {record.backend}, {recipe.train.precision}"),
            ("command", record.command or "–"),
        ):
            made.add_row(name, value)
        out.print(made)
