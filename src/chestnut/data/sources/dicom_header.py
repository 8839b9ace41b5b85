"""Read patient and image identity from DICOM headers, without reading pixels."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

from chestnut.data.decoding.dicom_file import read_dataset
from chestnut.data.decoding.faults import FAULTS
from chestnut.data.decoding.raw import open_file
from chestnut.data.sources.record import Image
from chestnut.data.sources.scan import is_picture
from chestnut.errors import ImageError
from chestnut.names import is_safe

#: The longest identity; the standard allows 64 characters.
_MOST_CHARACTERS = 1_000

_UNREADABLE: tuple[type[Exception], ...] = (ImageError, *FAULTS)


class Header(NamedTuple):
    """The PatientID and SOPInstanceUID of a DICOM file; an empty text where one is missing."""

    patient: str
    uid: str


def read_headers(images: Iterable[Image]) -> dict[str, Header]:
    """Return, by path, the headers of those images that are DICOM files.

    An unreadable file gets an empty header; decoding reports it later, with the reason. A PatientID that only says that
    the file is anonymous (`ANONYMOUS`, `Anon…`) does not distinguish patients and counts as empty.
    """
    files = [image.path for image in images if not is_picture(image.path) and "#" not in image.path]
    if not files:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns about values that are not used here
        return {path: _read(path) for path in files}


def with_patients(images: Iterable[Image], headers: dict[str, Header]) -> list[Image]:
    """Return the images with PatientID as the patient where no patient was known."""
    empty = Header("", "")
    known = ((image, headers.get(image.path, empty).patient) for image in images)
    return [
        image._replace(patient=patient, origin=f"DICOM{image.origin}") if patient and not image.patient else image
        for image, patient in known
    ]


def _read(path: str) -> Header:
    try:
        with open_file(path) as file:
            dataset = read_dataset(file, path, ["PatientID", "SOPInstanceUID"], force=False, pixels=False)
        patient, uid = _text(dataset.get("PatientID")), _text(dataset.get("SOPInstanceUID"))
    except _UNREADABLE:
        return Header("", "")
    return Header("" if patient.lower().startswith("anon") else patient, uid)


def _text(value: Any) -> str:
    """Return a value as text, with control characters escaped; empty if it is too long for an identity."""
    text = "" if value is None else str(value).replace("\x00", "").strip()
    if len(text) > _MOST_CHARACTERS:
        return ""
    return text if is_safe(text) else text.encode("unicode_escape").decode()
