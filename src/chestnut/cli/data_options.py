"""The options by which commands find the labels and patients of a data set, and the one way to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.errors import DataError, suggest

if TYPE_CHECKING:
    from chestnut.data.manifest import Manifest

DataArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Folder of class folders, CSV, MedMNIST .npz, folder of DICOM files, or a pattern of these in quotes.",
    ),
]
LabelsOption = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="CSV",
        help="Labels for a folder of images, by path, file name, SOPInstanceUID or patient.",
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="PART=NAME",
        help="A column of the CSV that holds path, label, patient, split or source, as in label=finding. Repeatable.",
    ),
]
PatientRegexOption = Annotated[
    str | None,
    typer.Option(
        "--patient-regex",
        metavar="REGEX",
        help="Searched in each file name; its first group, or the one named patient, is the patient.",
    ),
]
PositiveOption = Annotated[
    str | None, typer.Option("--positive", metavar="CLASS", help="The positive class, where its name does not tell.")
]
SkipBadOption = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out, and list, images that cannot be used, instead of stopping.")
]


def load(
    data: Path,
    *,
    labels: Path | None = None,
    column: Sequence[str] | None = None,
    patient_regex: str | None = None,
    positive: str | None = None,
    skip_bad: bool = False,
) -> Manifest:
    """Read a data set by the options above; the manifest's notes are for the command to print.

    Raises:
        DataError: As `load_dataset`, or a `--column` that is not PART=NAME.
    """
    from chestnut.data.sources import Columns, load_dataset

    known = [field.name for field in fields(Columns)]
    named: dict[str, str] = {}
    for text in column or ():
        part, equals, name = text.partition("=")
        if not equals or not name:
            raise DataError(f"--column {text!r}: write PART=NAME, as in label=finding")
        if part not in known:
            raise DataError(f"--column {text!r}: no part {part!r}; {suggest(part, known)}")
        named[part] = name
    return load_dataset(
        data,
        labels=labels,
        columns=Columns(**named) if named else None,
        patient_regex=patient_regex,
        positive=positive,
        skip_bad=skip_bad,
    )
