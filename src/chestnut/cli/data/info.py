"""`chestnut info`: describe a data set or a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chestnut.cli.shared.data_options import DataOptions, with_data_options
from chestnut.cli.shared.decided import describe_decided
from chestnut.cli.shared.next_steps import print_next_for
from chestnut.cli.shared.output import JsonOption, emit, human_bytes, out, print_next, print_notes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from chestnut.data.manifest import Manifest
    from chestnut.runs.folder import RunFolder

_FILE_COLUMNS = ("format", "mode", "bits", "images", "width", "height", "size")


@with_data_options
def command(
    target: Annotated[
        Path | None,
        typer.Argument(metavar="DATA|RUN", help="A data set, or the folder of a run.", show_default=False),
    ] = None,
    *,
    options: DataOptions,
    system: Annotated[
        bool, typer.Option("--system", help="Describe this machine instead: backend, devices, caches, versions.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Describe a data set (classes, patients, files), a run (recipe, data, epochs, evaluations), or this machine."""
    from chestnut.files.reading import is_present

    if (target is None) != system:
        raise typer.BadParameter("give either DATA, RUN or --system", param_hint="DATA|RUN")
    if target is None:
        _show_system(json)
        return
    if is_present(target / "environment.json"):
        _show_run(target, json)
        return
    manifest = options.load(target)
    counts, kinds = manifest.counts(), _kinds_of_files(manifest)
    if emit({**manifest.facts(), "counts": counts.to_dict(orient="index"), "formats": kinds}, json):
        out.print(counts_table(manifest, counts))
        out.print(files_table(kinds))
        print_notes(manifest.notes)
        print_next("chestnut", "audit", target, *options.words())


def _show_system(json: Path | None) -> None:
    from chestnut.api.system import describe_system
    from chestnut.cli.tables.system_table import system_table

    found = describe_system()
    if emit(found.to_dict(), json):
        out.print(system_table(found))
        print_notes([found.advice] if found.advice else [])


def _kinds_of_files(manifest: Manifest) -> list[dict[str, Any]]:
    """Return one row for each kind of file, with the range of its sizes."""
    from chestnut.data.decoding.headers import read_facts

    shapes = read_facts(manifest.paths).groupby(["format", "mode", "bits"]).agg(
        images=("width", "size"),
        narrowest=("width", "min"), widest=("width", "max"),
        lowest=("height", "min"), highest=("height", "max"),
        bytes=("bytes", "sum"),
    )  # fmt: skip
    return shapes.reset_index().to_dict(orient="records")  # type: ignore[return-value]


def counts_table(manifest: Manifest, counts: pd.DataFrame) -> Table:
    """Return the table of images by class and split."""
    patients = manifest.frame["patient"].nunique()
    synthetic = ", synthetic" if manifest.synthetic else ""
    title = f"{manifest.root}: {len(manifest):,} images of {patients:,} patients{synthetic}"
    made = table(title, ("class", *counts.columns), tuple(counts.columns))
    for label, row in counts.iterrows():
        mark = " (positive)" if label == manifest.positive else ""
        made.add_row(f"{label}{mark}", *(f"{value:,}" for value in row))
    return made


def files_table(kinds: list[dict[str, Any]]) -> Table:
    """Return the table of the kinds of files."""
    made = table("Files", _FILE_COLUMNS, ("bits", "images", "size"))
    for row in kinds:
        width, height = _range(row["narrowest"], row["widest"]), _range(row["lowest"], row["highest"])
        images, size = f"{row['images']:,}", human_bytes(float(row["bytes"]))
        made.add_row(row["format"] or "unreadable", row["mode"], str(row["bits"]), images, width, height, size)
    return made


def _range(least: int, most: int) -> str:
    return f"{least}" if least == most else f"{least}–{most}"


def _show_run(path: Path, json: Path | None) -> None:
    from chestnut.runs.folder import RunFolder

    run = RunFolder.open(path)
    run.files.check()
    result = {
        "run": str(path),
        "recipe": run.recipe.model_dump(mode="json"),
        "data": run.facts,
        "environment": run.record.to_dict(),
    }
    result |= describe_decided(run) | _describe_forms(run)
    if emit({**result, "evaluations": run.evaluations(), "looks_at_test": len(run.own_looks)}, json):
        out.print(run_facts_table(run))
        print_next_for(run)


def run_facts_table(run: RunFolder) -> Table:
    """Return the table of what is known of a run."""
    recipe, facts, record = run.recipe, run.facts, run.record
    made = table(str(run.path), ("", ""))
    made.show_header = False
    for name, value in (
        ("recipe", f"{recipe.name}: {recipe.summary}"),
        ("status", record.status),
        ("classes", ", ".join(facts["classes"])),
        ("images", f"{facts['images']:,} of {facts['patients']:,} patients, from {facts['root']}"),
        ("input", f"{recipe.input.height}×{recipe.input.width}×{recipe.input.channels}, {recipe.input.resize}"),
        *([("view", recipe.input.view)] if recipe.input.needs_lungs else []),
        ("parameters", f"{record.parameters:,}" if record.parameters is not None else "–"),
        ("best epoch", record.kept_epoch),
        *_decided_rows(run),
        *_form_rows(run),
        *(("member", f"{one.run} ({one.recipe})") for one in record.members),
        *_imported_rows(run),
        ("evaluations", ", ".join(run.evaluations()) or "none yet"),
        ("looks at test", str(len(run.own_looks))),
        ("device", f"{record.device}, {record.backend}, {recipe.train.precision}"),
        ("command", record.command or "–"),
    ):
        made.add_row(name, value)
    return made


def _imported_rows(run: RunFolder) -> list[tuple[str, str]]:
    """Return the rows on where an imported network came from; none for others."""
    if (found := run.record.imported) is None:
        return []
    return [
        ("imported from", f"{found.file}, SHA-256 {found.sha256[:12]}…, Keras {found.keras}"),
        ("checked", found.parity),
        ("original program", found.trust),
    ]


def _decided_rows(run: RunFolder) -> list[tuple[str, str]]:
    """Return the rows on the temperature and the threshold; none before training has ended."""
    from chestnut.inference.run_bundle import find_run_bundle

    bundle = find_run_bundle(run)
    if bundle is None:
        return []
    fitted = "not fitted" if bundle.calibration is None else bundle.calibration.reason or "fitted to validation images"
    rows = [("temperature", f"{bundle.temperature:.3g}: {fitted}")]
    return rows if bundle.positive is None else [*rows, ("decided at", bundle.decided_at)]


def _describe_forms(run: RunFolder) -> dict[str, Any]:
    """Return what is known of the network's other forms, for JSON."""
    from chestnut.export.kept import find_exports
    from chestnut.inference.run_bundle import find_run_bundle

    bundle = find_run_bundle(run)
    if bundle is None:
        return {"onnx": None, "exports": []}
    exports = find_exports(run.exports, bundle.identity)
    parity = None if bundle.parity is None else bundle.parity.to_dict()
    return {"onnx": parity, "exports": [one.to_dict() for one in exports]}


def _form_rows(run: RunFolder) -> list[tuple[str, str]]:
    """Return the rows on the network in ONNX form and on exports; none before training has ended."""
    from chestnut.export.kept import find_exports
    from chestnut.inference.run_bundle import find_run_bundle

    bundle = find_run_bundle(run)
    if bundle is None:
        return []
    onnx = f"none; chestnut export {run.path} adds it" if bundle.parity is None else str(bundle.parity)
    exports = find_exports(run.exports, bundle.identity)
    return [("model.onnx", onnx), *(("export", str(one)) for one in exports)]
