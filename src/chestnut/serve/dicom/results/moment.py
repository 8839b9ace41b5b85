"""`Moment`: the date and time of results, which are those of the source image."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pydicom.valuerep import DA, TM

if TYPE_CHECKING:
    from pydicom import Dataset

#: The pairs of elements in which an image may say when it was made, the best first.
_PAIRS = (
    ("ContentDate", "ContentTime"),
    ("AcquisitionDate", "AcquisitionTime"),
    ("SeriesDate", "SeriesTime"),
    ("StudyDate", "StudyTime"),
)


class Moment(NamedTuple):
    """A date as YYYYMMDD and a time as HHMMSS.

    Results that are made twice are the same bytes, so that they cannot say when they were made; the audit table does.
    """

    date: str
    time: str

    @classmethod
    def of(cls, source: Dataset) -> Moment:
        """Return when an image was made; the first day of 1900 where it does not say."""
        for date, time in _PAIRS:
            day = read_date(source.get(date))
            if day:
                return cls(day, read_time(source.get(time)) or "000000")
        return cls("19000101", "000000")


def read_date(value: object) -> str:
    """Return a date as YYYYMMDD; empty where there is none, or one that DICOM does not allow.

    >>> read_date("1993.02.24"), read_date("soon")
    ('19930224', '')
    """
    try:
        return f"{DA(str(value).strip()):%Y%m%d}"
    except (TypeError, ValueError):
        return ""


def read_time(value: object) -> str:
    """Return a time as HHMMSS; empty where there is none, or one that DICOM does not allow.

    >>> read_time("1758"), read_time("")
    ('175800', '')
    """
    try:
        return f"{TM(str(value).strip()):%H%M%S}"
    except (TypeError, ValueError):
        return ""
