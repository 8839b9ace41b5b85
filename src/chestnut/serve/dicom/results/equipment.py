"""What all results state of the software that made them, and of when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chestnut.serve.dicom.results.moment import Moment
from chestnut.serve.dicom.results.outcome import MANUFACTURER, Outcome

if TYPE_CHECKING:
    from pydicom import Dataset


def kwargs_of(outcome: Outcome, moment: Moment, description: str) -> dict[str, Any]:
    """Return the arguments that highdicom takes for every kind of object."""
    from pydicom.uid import ExplicitVRLittleEndian

    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": outcome.model_name,
        "software_versions": outcome.software,
        "device_serial_number": outcome.score.bundle[:64],
        "series_description": description,
        "content_date": moment.date,
        "content_time": moment.time,
        "series_date": moment.date,
        "series_time": moment.time,
        "specific_character_set": None,
        "transfer_syntax_uid": ExplicitVRLittleEndian,
    }


def equipment(outcome: Outcome) -> Any:
    """Return the contribution of chestnut to an object."""
    from highdicom import ContributingEquipment
    from pydicom.sr.codedict import codes

    return ContributingEquipment(
        MANUFACTURER,
        codes.DCM.ProcessingEquipment,
        manufacturer_model_name=outcome.model_name,
        software_versions=outcome.software,
        contribution_description="Classified the source image; not a medical device",
    )


def finish(made: Dataset, source: Dataset, moment: Moment) -> Dataset:
    """Set what highdicom takes from the clock to the moment of the source, and the character set to its own.

    Returns:
        The object.
    """
    made.pop("SpecificCharacterSet", None)
    if "SpecificCharacterSet" in source:  # highdicom knows fewer of them
        made.SpecificCharacterSet = source.SpecificCharacterSet
    made.InstanceCreationDate, made.InstanceCreationTime = moment
    for item in made.get("ContributingEquipmentSequence", ()):
        if item.get("ManufacturerModelName") == "highdicom":
            del item.ContributionDateTime
    return made
