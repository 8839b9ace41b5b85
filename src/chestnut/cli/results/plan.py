"""`chestnut plan`: how many patients a study needs for intervals of a wanted width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.output import JsonOption, emit, out, print_next
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.evaluation.sample_size import SampleSize

_COLUMNS = ("expected", "patients with disease", "patients without", "patients in all", "interval's width")


def command(
    sensitivity: Annotated[
        float | None, typer.Option("--sensitivity", metavar="0..1", help="The sensitivity that you expect.")
    ] = None,
    specificity: Annotated[
        float | None, typer.Option("--specificity", metavar="0..1", help="The specificity that you expect.")
    ] = None,
    auroc: Annotated[float | None, typer.Option("--auroc", metavar="0.5..1", help="The AUROC that you expect.")] = None,
    width: Annotated[
        float, typer.Option("--width", help="Width of the 95 % intervals from end to end; 0.1 is about ±0.05.")
    ] = 0.1,
    prevalence: Annotated[
        float, typer.Option("--prevalence", metavar="0..1", help="Share of patients with the disease.")
    ] = 0.5,
    images_per_patient: Annotated[
        float, typer.Option("--images-per-patient", metavar="NUMBER", help="Mean number of images of a patient.")
    ] = 1,
    icc: Annotated[
        float,
        typer.Option("--icc", metavar="0..1", help="Intraclass correlation of a patient's images: 0 none, 1 alike."),
    ] = 0.5,
    json: JsonOption = None,
) -> None:
    """Tell how many patients a study needs, so that the intervals of its figures are as narrow as wanted on average."""
    from chestnut.evaluation.sample_size import plan

    found = plan(
        width,
        sensitivity=sensitivity,
        specificity=specificity,
        auroc=auroc,
        prevalence=prevalence,
        images_per_patient=images_per_patient,
        icc=icc,
    )
    if emit(found.to_dict(), json):
        out.print(_needs_table(found))
        print_next("chestnut", "evaluate", "--help")


def _needs_table(found: SampleSize) -> Table:
    images = f" with {found.images:,} images" if found.images_per_patient > 1 else ""
    made = table(
        f"{found.patients:,} patients{images}: 95 % intervals {found.width:g} wide at a prevalence of "
        f"{found.prevalence:g}",
        _COLUMNS,
        _COLUMNS[1:],
    )
    for need in found.needs:
        name = "AUROC" if need.figure == "auroc" else need.figure
        counts = (f"{number:,}" for number in (need.positives, need.negatives, need.patients))
        made.add_row(f"{name} {need.expected:g}", *counts, f"{need.width:.3f}")
    return made
