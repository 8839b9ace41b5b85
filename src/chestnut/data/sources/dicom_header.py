"""Read the identity of patient and image, and what describes both, from DICOM headers, without reading pixels."""

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
from chestnut.evaluation.grouping import parse_numbers
from chestnut.names import is_safe

#: The longest identity; the standard allows 64 characters.
_MOST_CHARACTERS = 1_000

_UNREADABLE: tuple[type[Exception], ...] = (ImageError, *FAULTS)


#: The attributes that a header gives, and the element of each.
_ATTRIBUTES = {
    "sex": "PatientSex",
    "age": "PatientAge",
    "view": "ViewPosition",
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
}


class Header(NamedTuple):
    """What the header of a DICOM file tells; an empty text where something is missing.

    Attributes:
        patient: The PatientID.
        uid: The SOPInstanceUID.
        attributes: Sex, age in years, view, manufacturer and model, as far as they are known.
    """

    patient: str = ""
    uid: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


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


def with_headers(images: Iterable[Image], headers: dict[str, Header]) -> list[Image]:
    """Return the images with PatientID as the patient where no patient was known, and with what headers tell beside."""
    return [_add(image, headers.get(image.path, Header())) for image in images]


def _add(image: Image, header: Header) -> Image:
    told = image.with_attributes(header.attributes)
    if header.patient and not image.patient:
        return told._replace(patient=header.patient, origin=f"DICOM{image.origin}")
    return told


def _read(path: str) -> Header:
    elements = ["PatientID", "SOPInstanceUID", *_ATTRIBUTES.values()]
    try:
        with open_file(path) as file:
            dataset = read_dataset(file, path, elements, force=False, pixels=False)
        patient, uid, *others = (_text(dataset.get(element)) for element in elements)
    except _UNREADABLE:
        return Header()
    attributes = dict(zip(_ATTRIBUTES, others, strict=True))
    attributes["age"] = _years(attributes["age"])
    known = tuple((name, text) for name, text in attributes.items() if text)
    return Header("" if patient.lower().startswith("anon") else patient, uid, known)


def _years(age: str) -> str:
    """Return an age such as 045Y or 006M in years; empty if it is none."""
    years = parse_numbers([age])
    return "" if years is None else f"{years[0]:.3g}"


def _text(value: Any) -> str:
    """Return a value as text, with control characters escaped; empty if it is too long for an identity."""
    text = "" if value is None else str(value).replace("\x00", "").strip()
    if len(text) > _MOST_CHARACTERS:
        return ""
    return text if is_safe(text) else text.encode("unicode_escape").decode()
