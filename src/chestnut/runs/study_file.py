"""Find, read and keep the study.toml that describes a study in its author's words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chestnut.config.study import StudyDescription
from chestnut.errors import DataError, StudyFileError
from chestnut.files.atomic import write_text
from chestnut.files.reading import is_present, read_text
from chestnut.runs.folder import RunFolder

#: The name of the file, beside the images and in the folder of a run.
STUDY = "study.toml"

_REMEDY = "correct it, or write a new one with chestnut study FILE"


def find_study(root: Path) -> Path | None:
    """Return the study.toml of a data set: in its folder, or beside its table or archive; None if there is none."""
    path = (root if root.is_dir() else root.parent) / STUDY
    return path if path.is_file() else None


def read_study_text(path: Path) -> str:
    """Return the text of a study.toml that has been checked.

    Raises:
        StudyFileError: It is missing, is not TOML in UTF-8, has an unknown key, or a value that is not text.
    """
    try:
        text = read_text(path, _REMEDY).removeprefix("\ufeff")
    except DataError as error:
        raise StudyFileError(str(error)) from error
    StudyDescription.from_toml(text, str(path))
    return text


def read_study_beside(root: Path) -> str | None:
    """Return the text of the study.toml of a data set; None if there is none; raises what `read_study_text` raises."""
    path = find_study(root)
    return None if path is None else read_study_text(path)


def keep_study(run: RunFolder, text: str | None) -> None:
    """Write the text of a study.toml into the folder of a run; None writes nothing."""
    if text is not None:
        write_text(run.path / STUDY, text)


def shared_study(runs: Sequence[RunFolder]) -> str | None:
    """Return the text of the study.toml that all of some runs have; None where they have none, or different ones."""
    paths = [run.path / STUDY for run in runs]
    if not all(map(is_present, paths)):
        return None
    first, *others = map(read_study_text, paths)
    return first if all(text == first for text in others) else None


def read_study(run: RunFolder) -> StudyDescription | None:
    """Return the description of a run's study; None if it has none.

    Its file is no part of the figures: its author may change it, and no hash is kept of it.

    Raises:
        StudyFileError: It is damaged.
    """
    path = run.path / STUDY
    if not is_present(path):
        return None
    return StudyDescription.from_toml(read_study_text(path), str(path))
