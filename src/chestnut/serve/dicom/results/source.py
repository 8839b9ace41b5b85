"""The source of results: what of an image's elements they take over, completed where elements are missing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from chestnut.data.decoding.dicom_file import read_dataset
from chestnut.serve.dicom.results.moment import read_date, read_time

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

#: The elements of patient and study that every result has, perhaps without a value.
_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
)

_SEXES = frozenset({"M", "F", "O"})

_READERS = {"DA": read_date, "TM": read_time}


def read_source(content: bytes) -> Dataset:
    """Read an image without its pixels, and complete the elements that results take over.

    What does not have the form that DICOM demands, such as the age 81 in place of 081Y, is left out; who the patient is
    and which study it is stays as it is. Dates and times are written as DICOM wants them today.

    Args:
        content: The file.

    Raises:
        ImageError: It has more elements, or longer ones, than is allowed. A damaged file raises pydicom's errors.
    """
    source = read_dataset(io.BytesIO(content), "the object", pixels=False)
    for keyword in _EMPTY:
        if keyword not in source:
            setattr(source, keyword, None)
    for element in list(source):
        if element.VR in _READERS:
            element.value = _READERS[element.VR](element.value) or None
        elif element.keyword not in _EMPTY and not _is_valid(element):
            del source[element.tag]
    if source.PatientSex not in _SEXES:
        source.PatientSex = None
    return source


def _is_valid(element: DataElement) -> bool:
    """Tell whether a value has the form that its kind of element must have."""
    from pydicom.config import RAISE
    from pydicom.valuerep import validate_value

    if element.VR == "SQ" or element.is_empty:
        return True
    values = element.value if element.VM > 1 else [element.value]
    try:
        for value in values:
            validate_value(element.VR, value, RAISE)
    except (TypeError, ValueError):
        return False
    return True


def orientation(source: Dataset) -> tuple[str, str] | None:
    """Return the direction of rows and columns in the patient, such as ("L", "F"); None where it is not known."""
    from highdicom.enum import PatientOrientationValuesBiped as Biped

    value = source.get("PatientOrientation")
    try:
        row, column = (Biped(str(part)).value for part in value)
    except (TypeError, ValueError):
        return None
    return row, column
