"""Decide from an object's header whether it is a frontal radiograph of a chest, which alone is scored."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.dicom_file import read_dataset
from chestnut.data.decoding.faults import FAULTS
from chestnut.data.decoding.limits import check_size
from chestnut.errors import ImageError
from chestnut.serve.dicom.offers import IMAGES, SECONDARY_CAPTURE
from chestnut.serve.dicom.refusal import RefusalError, Status

if TYPE_CHECKING:
    from pydicom import Dataset

_ELEMENTS: Final = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "BodyPartExamined",
    "ViewPosition",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "PatientID",
    "IssuerOfPatientID",
    "Manufacturer",
    "SeriesDescription",
)

_UIDS: Final = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*")

#: The modalities of radiographs; RG is film.
_RADIOGRAPHS: Final = frozenset({"CR", "DX", "RG"})
_CHEST: Final = re.compile(r"(CHEST|THORAX|LUNG)(?!.*(ABD|PELV)).*")

#: The projections that are not frontal: left and right lateral, and oblique.
_OTHER_VIEWS: Final = frozenset(
    {"LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT", "LLO", "RLO", "LAO", "RAO", "LPO", "RPO"}
)


def read_header(content: bytes) -> Dataset:
    """Read the elements of an object other than its pixels.

    Raises:
        RefusalError: It cannot be read.
    """
    try:
        with quiet():
            header = read_dataset(io.BytesIO(content), "the object", pixels=False)
            for keyword in _ELEMENTS:  # converts the values, which may raise
                header.get(keyword)
    except ImageError as error:
        raise RefusalError(Status.TOO_LARGE, "the header is larger than is read") from error
    except FAULTS as error:
        raise RefusalError(Status.DAMAGED, "the header is damaged") from error
    return header


def require_chest(header: Dataset, sop_class: str, instance: str) -> None:
    """Check that an object is a frontal radiograph of a chest, as far as its header tells.

    A radiograph whose header names no part of the body, or no view, passes: many devices leave that out. Of a secondary
    capture, which may be a picture of anything, the header must say that it is a radiograph or a chest.

    Args:
        header: What `read_header` returned.
        sop_class: The class that its sender states.
        instance: The UID that its sender states.

    Raises:
        RefusalError: It is not.
    """
    _check_identity(header, sop_class, instance)
    part, modality = _letters(header.get("BodyPartExamined")), _letters(header.get("Modality"))
    if part and not _CHEST.fullmatch(part):
        raise RefusalError(Status.NO_CHEST, "not a chest by BodyPartExamined")
    if modality not in _RADIOGRAPHS and not (sop_class == SECONDARY_CAPTURE and part):
        raise RefusalError(Status.NO_CHEST, "not a radiograph by Modality")
    if _letters(header.get("ViewPosition")) in _OTHER_VIEWS or part.endswith("LAT"):
        raise RefusalError(Status.NOT_FRONTAL, "not a frontal view by ViewPosition")
    _check_picture(header)


def _check_identity(header: Dataset, sop_class: str, instance: str) -> None:
    if sop_class not in IMAGES:
        raise RefusalError(Status.NOT_SUPPORTED, "this class of objects is not scored")
    if str(header.get("SOPClassUID")) != sop_class:
        raise RefusalError(Status.WRONG_CLASS, "the data set is of another SOP class")
    if str(header.get("SOPInstanceUID")) != instance:
        raise RefusalError(Status.WRONG_CLASS, "the data set has another SOP instance UID")
    for keyword in _UIDS:
        text = str(header.get(keyword) or "")
        if not _UID.fullmatch(text) or len(text) > 64:
            raise RefusalError(Status.INVALID_INSTANCE, f"{keyword} is missing or no UID")


def _check_picture(header: Dataset) -> None:
    try:
        frames, rows, columns = (int(header.get(name) or 0) for name in ("NumberOfFrames", "Rows", "Columns"))
    except (TypeError, ValueError) as error:
        raise RefusalError(Status.DAMAGED, "the size of the picture is damaged") from error
    if frames > 1:
        raise RefusalError(Status.SEVERAL_FRAMES, "more than one frame")
    try:
        check_size(columns, rows, "the object")
    except ImageError as error:
        raise RefusalError(Status.TOO_LARGE, "the picture is empty or too large") from error


def _letters(value: object) -> str:
    return re.sub(r"[^A-Z]", "", str(value or "").upper())
