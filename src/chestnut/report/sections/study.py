"""Read what the author of a study wrote of it, for the report of a run."""

from __future__ import annotations

from dataclasses import dataclass

from chestnut.runs.folder import RunFolder
from chestnut.runs.study_file import read_study


@dataclass(frozen=True)
class StudyGroup:
    """Some of the texts.

    Attributes:
        name: What they are about.
        rows: The name of each field in words, and its text.
    """

    name: str
    rows: tuple[tuple[str, str], ...]


def read_study_section(run: RunFolder) -> tuple[StudyGroup, ...]:
    """Return the texts that are written, by their group; empty where the run has no study.toml, or an empty one.

    Raises:
        StudyFileError: The file is damaged.
    """
    study = read_study(run)
    if study is None:
        return ()
    return tuple(
        StudyGroup(group, tuple((in_words(name), text) for name, text in fields.items()))
        for group, fields in study.written().items()
    )


def in_words(name: str) -> str:
    """Return the name of a field as a heading.

    >>> in_words("intended_use"), in_words("deidentification")
    ('Intended use', 'De-identification')
    """
    return "De-identification" if name == "deidentification" else name.replace("_", " ").capitalize()
