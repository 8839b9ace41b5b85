"""What a run can tell a reader who was not there: the study behind it, as its author describes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from chestnut.config.study import StudyDescription


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
    from chestnut.runs.places import require_outside_runs

    target = Path(path)
    require_outside_runs(target)
    write_text(target, study_template(), follow=True)
    return tuple(StudyDescription.model_fields)
