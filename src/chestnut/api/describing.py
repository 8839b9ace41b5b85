"""What a run can tell a reader who was not there: the study behind it, tables, checklists, a card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chestnut.runs.folder import RunFolder
from chestnut.runs.places import is_same_name, require_outside_runs

if TYPE_CHECKING:
    from chestnut.config.study import StudyDescription
    from chestnut.report.card.card import Card
    from chestnut.report.checklists.checklist import Checklist
    from chestnut.report.tables.table import Table

#: The names of the model card in the folder of a run.
CARD_FILES = ("card.md", "card.json")


class Describing:
    """What a run can do for those who read of it.

    Attributes:
        folder: The files of the run.
    """

    folder: RunFolder

    @property
    def study(self) -> StudyDescription | None:
        """The study behind the run in its author's words; None if there was no study.toml.

        Raises:
            StudyFileError: The study.toml of the run is damaged.
        """
        from chestnut.runs.study_file import read_study

        return read_study(self.folder)

    def describe(self, study: str | Path) -> StudyDescription:
        """Take over a study.toml; that of the run is replaced.

        Args:
            study: The file; `write_study` writes one to fill in.

        Returns:
            What it says.

        Raises:
            StudyFileError: The file is missing, is not TOML, or has an unknown key or a value that is not text.
            DiskError: The disk is full or not writable.
        """
        from chestnut.config.study import StudyDescription
        from chestnut.runs.study_file import keep_study, read_study_text

        text = read_study_text(Path(study))
        keep_study(self.folder, text)
        return StudyDescription.from_toml(text, str(study))

    def tables(self, *, identities: bool = False) -> tuple[Table, ...]:
        """Return the tables that a paper needs: who is in the data, and what the run can do.

        Args:
            identities: Whether to show the names of folders in commands, as in a report.

        Raises:
            RunError: A file of the run is missing or was changed.
            DataError: Another file of the run is damaged.
        """
        from chestnut.report.tables.run_tables import run_tables

        return run_tables(self.folder, identities=identities)

    def write_tables(
        self, to: str | Path | None = None, format: str = "csv", *, identities: bool = False
    ) -> tuple[Path, ...]:
        """Write the tables that `tables` returns, and the flow of images and patients as a figure.

        Args:
            to: A new folder, or an empty one; None for `<run>-tables` in the working directory.
            format: `csv` or `latex`, a file for each table; `xlsx`, a workbook with a sheet for each.
            identities: Whether to show the names of folders in commands.

        Returns:
            The files.

        Raises:
            DataError: The format is unknown, the folder contains files, or a file of the run is damaged.
            RunError: The folder is inside a run, or a file of the run was changed.
            DiskError: The disk is full or not writable.
        """
        from chestnut.report.formats import find_format
        from chestnut.report.tables.write import FORMATS, write_tables
        from chestnut.runs.flow import read_flow

        form = find_format(format, FORMATS, "tables")
        folder = Path(to) if to is not None else Path(f"{self.folder.name}-tables")
        require_outside_runs(folder / "table")
        names = write_tables(self.tables(identities=identities), folder, form, read_flow(self.folder))
        return tuple(folder / name for name in names)

    def write_figures(self, to: str | Path | None = None, format: str = "svg") -> tuple[Path, ...]:
        """Draw the figures of the training, of every evaluation and of the stress validations anew, for a paper.

        Args:
            to: A new folder, or an empty one; None for `<run>-figures` in the working directory.
            format: `svg`, `pdf` or `png`; text in SVG and PDF is text.

        Returns:
            The files.

        Raises:
            DataError: The format is unknown, the folder contains files, or a file of the run is damaged.
            RunError: The folder is inside a run, there is nothing to draw, or a file of the run was changed.
            DiskError: The disk is full or not writable.
        """
        from chestnut.figures.saving import FORMATS
        from chestnut.report.figure_files import write_run_figures
        from chestnut.report.formats import find_format

        form = find_format(format, FORMATS, "figures")
        folder = Path(to) if to is not None else Path(f"{self.folder.name}-figures")
        require_outside_runs(folder / "figure")
        return tuple(folder / name for name in write_run_figures(self.folder, folder, form))

    def checklist(self, name: str, *, to: str | Path | None = None) -> Checklist:
        """Return a checklist for papers, with what the run and its study.toml answer.

        Args:
            name: `claim` for CLAIM 2024, `tripod` for TRIPOD+AI.
            to: A file to write it to as Markdown; None writes nothing.

        Raises:
            DataError: There is no such checklist.
            RunError: The file is inside a run, or a file of the run was changed.
            StudyFileError: The study.toml of the run is damaged.
        """
        from chestnut.files.atomic import write_text
        from chestnut.report.checklists.make import make_checklist

        if to is not None:
            require_outside_runs(Path(to))
        found = make_checklist(self.folder, name)
        if to is not None:
            write_text(Path(to), found.to_markdown(), follow=True)
        return found

    def card(self, *, identities: bool = False) -> Card:
        """Return the model card: what the model is and is for, and how good it is known to be.

        Args:
            identities: Whether to show the whole path of the data set.

        Raises:
            RunError: A file of the run is missing or was changed.
            DataError: Another file of the run is damaged.
            StudyFileError: The study.toml of the run is damaged.
        """
        from chestnut.report.card.make import make_card

        return make_card(self.folder, identities=identities)

    def write_card(self, to: str | Path | None = None, *, identities: bool = False) -> tuple[Path, ...]:
        """Write the model card.

        Args:
            to: The file: JSON if its name ends in .json, otherwise Markdown; None for card.md and card.json in the
                folder of the run.
            identities: Whether to show the whole path of the data set.

        Returns:
            The files.

        Raises:
            RunError: The file would be another one inside a run, or a file of the run was changed.
            DiskError: The disk is full or not writable.
        """
        from chestnut.files.atomic import write_text
        from chestnut.files.json_files import json_text

        own = tuple(self.folder.path / name for name in CARD_FILES)
        files = own if to is None else (Path(to),)
        for file in files:
            if not any(is_same_name(file, one) for one in own):
                require_outside_runs(file)
        found = self.card(identities=identities)
        for file in files:
            text = json_text(found.to_dict()) if file.suffix == ".json" else found.to_markdown()
            write_text(file, text, follow=file not in own)
        return files


def write_study(path: str | Path) -> tuple[str, ...]:
    """Write a study.toml to fill in; a file of that name is replaced.

    Args:
        path: The file; `train` finds it where it is called study.toml and lies beside the images.

    Returns:
        The names of its fields.

    Raises:
        RunError: The file would be inside a run or a study.
        DiskError: The file cannot be written.
    """
    from chestnut.config.study import StudyDescription, study_template
    from chestnut.files.atomic import write_text

    target = Path(path)
    require_outside_runs(target)
    write_text(target, study_template(), follow=True)
    return tuple(StudyDescription.model_fields)
