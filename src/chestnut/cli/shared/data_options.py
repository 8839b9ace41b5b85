"""The options that say how to read a data set: labels, columns, patients, sources and the positive class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chestnut.cli.shared.option_groups import with_group
from chestnut.errors import DataError, suggest

if TYPE_CHECKING:
    from chestnut.data.manifest import Manifest
    from chestnut.data.sources.load import Columns

_DATA = typer.Argument(
    metavar="DATA",
    help="Folder of class folders, CSV, MedMNIST .npz, folder of DICOM files, or a pattern of these in quotes.",
)
DataArgument = Annotated[Path, _DATA]
OptionalData = Annotated[Path | None, _DATA]
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
        help="The CSV's column for path, label, patient, split or source, as in label=finding. Repeatable.",
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
SourceRegexOption = Annotated[
    str | None,
    typer.Option(
        "--source-regex",
        metavar="REGEX",
        help="Searched in each file name; its first group, or the one named source, is the hospital or scanner.",
    ),
]
PositiveOption = Annotated[
    str | None, typer.Option("--positive", metavar="CLASS", help="The positive class, if its name does not say so.")
]
SkipBadOption = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out, and list, images that cannot be used, instead of stopping.")
]


@dataclass(frozen=True)
class DataOptions:
    """How to read a data set, as the user gave it; see the options above."""

    labels: Path | None = None
    column: Sequence[str] | None = None
    patient_regex: str | None = None
    source_regex: str | None = None
    positive: str | None = None
    skip_bad: bool = False

    def words(self) -> list[str]:
        """Return the options as words of a command line that reads the data in the same way."""
        given = {"--labels": self.labels, "--patient-regex": self.patient_regex, "--source-regex": self.source_regex}
        given["--positive"] = self.positive
        words = [str(word) for option, value in given.items() if value is not None for word in (option, value)]
        words += [word for column in self.column or () for word in ("--column", column)]
        return [*words, "--skip-bad"] if self.skip_bad else words

    def reader(self, data: Path, *, skip_bad: bool = False) -> Callable[[], Manifest]:
        """Return a function that reads a data set, for calls of the Python API to make when they need it."""
        return lambda: self.load(data, skip_bad=skip_bad)

    def load(self, data: Path, *, skip_bad: bool = False) -> Manifest:
        """Read a data set.

        Args:
            data: The data set that the user named.
            skip_bad: Whether to leave unusable images out even without `--skip-bad`.

        Raises:
            DataError: As `load_dataset`, or a `--column` that is not PART=NAME.
        """
        from chestnut.data.sources.load import load_dataset

        return load_dataset(
            data,
            labels=self.labels,
            columns=_columns(self.column or ()),
            patient_regex=self.patient_regex,
            source_regex=self.source_regex,
            positive=self.positive,
            skip_bad=self.skip_bad or skip_bad,
        )


_OPTIONS: dict[str, Any] = {
    "labels": LabelsOption,
    "column": ColumnOption,
    "patient_regex": PatientRegexOption,
    "source_regex": SourceRegexOption,
    "positive": PositiveOption,
    "skip_bad": SkipBadOption,
}


#: Give a command the options of a data set; it takes them as one `options: DataOptions`.
with_data_options = with_group("options", DataOptions, _OPTIONS)


def _columns(texts: Sequence[str]) -> Columns | None:
    """Return the columns that the `--column` options name; None if there are none."""
    from chestnut.data.sources.load import Columns

    known = [field.name for field in fields(Columns)]
    named: dict[str, str] = {}
    for text in texts:
        part, equals, name = text.partition("=")
        if not equals or not name:
            raise DataError(f"--column {text!r}: write PART=NAME, as in label=finding")
        if part not in known:
            raise DataError(f"--column {text!r}: no part {part!r}; {suggest(part, known)}")
        named[part] = name
    return Columns(**named) if named else None
