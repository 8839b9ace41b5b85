"""The secondary capture: a picture of the result that every viewer shows, with "not for diagnosis" burnt in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from chestnut.serve.dicom.results.codes import SOURCE_IMAGE
from chestnut.serve.dicom.results.equipment import equipment, finish, kwargs_of
from chestnut.serve.dicom.results.identity import Identity
from chestnut.serve.dicom.results.moment import Moment
from chestnut.serve.dicom.results.outcome import MANUFACTURER, NOTICE, Outcome
from chestnut.serve.dicom.results.source import orientation

if TYPE_CHECKING:
    from pydicom import Dataset

#: The number of the series of pictures.
_SERIES = 9002

KIND = "picture"

#: What is known of a lossy compression before, which stays true of everything that is made from the image.
_LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")


def make_capture(source: Dataset, identity: Identity, outcome: Outcome, picture: npt.NDArray[np.uint8]) -> Dataset:
    """Make the secondary capture of a result.

    Args:
        source: The image's elements, as `read_source` gives them.
        identity: What its UIDs are derived from.
        outcome: What it says.
        picture: The picture, uint8, shape (height, width, 3).
    """
    from highdicom.sc import SCImage

    moment, known = Moment.of(source), orientation(source)
    made = SCImage.from_ref_dataset(
        source,
        pixel_array=picture,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        series_instance_uid=identity.of_series(KIND),
        series_number=_SERIES,
        sop_instance_uid=identity.of_instance(KIND),
        instance_number=1,
        patient_orientation=known or ("L", "F"),
        contributing_equipment=[equipment(outcome)],
        **kwargs_of(outcome, moment, f"{NOTICE} (picture)"),
    )
    if known is None:
        made.PatientOrientation = []
    side = source.get("Laterality")
    made.Laterality = side if side in ("L", "R") else ""
    made.ConversionType = "WSD"
    made.DateOfSecondaryCapture, made.TimeOfSecondaryCapture = moment
    made.SecondaryCaptureDeviceManufacturer = MANUFACTURER
    _describe_origin(made, source)
    return finish(made, source, moment)


def _describe_origin(made: Dataset, source: Dataset) -> None:
    """Say which image the picture was made from, and what of it still holds."""
    from highdicom.sr import CodedConcept
    from pydicom import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    item.PurposeOfReferenceCodeSequence = [CodedConcept.from_code(SOURCE_IMAGE)]
    made.SourceImageSequence = [item]
    made.DerivationDescription = "Reduced to 8 bits and at most 1024 pixels a side, heat map and text added"
    if source.get("BurnedInAnnotation") in ("YES", "NO"):
        made.BurnedInAnnotation = source.BurnedInAnnotation
    for keyword in _LOSSY:
        if source.get("LossyImageCompression") == "01" and keyword in source:
            made[keyword] = source[keyword]
