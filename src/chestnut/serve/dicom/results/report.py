"""The structured report: a Comprehensive 3D SR by template TID 1500, with a group of measurements for each finding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chestnut.serve.dicom.results.codes import (
    ABSENT,
    CERTAINTY,
    CHEST_RADIOGRAPH,
    COMMENT,
    LIKE_TRAINING,
    NO,
    PERCENT,
    PRESENCE,
    PRESENT,
    PRIVATE,
    YES,
    finding_code,
    to_ascii,
)
from chestnut.serve.dicom.results.equipment import equipment, finish, kwargs_of
from chestnut.serve.dicom.results.identity import Identity, device_uid
from chestnut.serve.dicom.results.moment import Moment
from chestnut.serve.dicom.results.outcome import MANUFACTURER, NOTICE, Outcome

if TYPE_CHECKING:
    from pydicom import Dataset

#: The number of the series of reports.
_SERIES = 9001

KIND = "report"


def make_report(source: Dataset, identity: Identity, outcome: Outcome) -> Dataset:
    """Make the report of an image.

    Args:
        source: The image's elements, as `read_source` gives them.
        identity: What its UIDs are derived from.
        outcome: What it says.
    """
    from highdicom.sr import Comprehensive3DSR, MeasurementReport

    groups = [_group(source, identity, outcome, name) for name in outcome.findings]
    content = MeasurementReport(_context(outcome), CHEST_RADIOGRAPH, imaging_measurements=groups)
    moment = Moment.of(source)
    report = Comprehensive3DSR(
        evidence=[source],
        content=content[0],
        series_instance_uid=identity.of_series(KIND),
        series_number=_SERIES,
        sop_instance_uid=identity.of_instance(KIND),
        instance_number=1,
        is_complete=True,
        contributing_equipment=[equipment(outcome)],
        coding_schemes=[_private_scheme()] if _is_private(outcome) else None,
        **kwargs_of(outcome, moment, f"{NOTICE} (report)"),
    )
    return finish(report, source, moment)


def _context(outcome: Outcome) -> Any:
    """Say who observes: the bundle, as a device."""
    from highdicom.sr import DeviceObserverIdentifyingAttributes, ObservationContext, ObserverContext
    from pydicom.sr.codedict import codes

    device = DeviceObserverIdentifyingAttributes(
        uid=device_uid(outcome.score.bundle),
        name=outcome.model_name,
        manufacturer_name=MANUFACTURER,
        model_name=outcome.model_name,
        serial_number=outcome.score.bundle,
    )
    return ObservationContext(observer_device_context=ObserverContext(codes.DCM.Device, device))


def _group(source: Dataset, identity: Identity, outcome: Outcome, name: str) -> Any:
    """Say what is found of one class: whether it is present, and how certain that is."""
    from highdicom.sr import (
        AlgorithmIdentification,
        Measurement,
        MeasurementsAndQualitativeEvaluations,
        QualitativeEvaluation,
        SourceImageForMeasurementGroup,
        TrackingIdentifier,
    )

    said = [QualitativeEvaluation(PRESENCE, PRESENT if outcome.is_present(name) else ABSENT)]
    guard = outcome.score.guard
    if guard is not None:
        said.append(QualitativeEvaluation(LIKE_TRAINING, YES if guard.in_distribution else NO))
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=identity.of_instance("finding", name), identifier=f"{outcome.model_name} {to_ascii(name, 64)}"
        ),
        finding_type=finding_code(name),
        algorithm_id=AlgorithmIdentification(
            name=outcome.model_name,
            version=f"{outcome.software} {outcome.score.bundle[:12]}",
            parameters=outcome.parameters,
            manufacturer=MANUFACTURER,
        ),
        measurements=[Measurement(CERTAINTY, outcome.percent(name), PERCENT)],
        qualitative_evaluations=said,
        source_images=[SourceImageForMeasurementGroup(source.SOPClassUID, source.SOPInstanceUID)],
    )
    group[0].ContentSequence.extend(_comments([f"{NOTICE}.", *outcome.remarks]))
    return group


def _comments(texts: Sequence[str]) -> list[Any]:
    from highdicom.sr import RelationshipTypeValues, TextContentItem

    return [TextContentItem(COMMENT, text, RelationshipTypeValues.CONTAINS) for text in texts]


def _is_private(outcome: Outcome) -> bool:
    codes = [finding_code(name) for name in outcome.findings]
    return outcome.score.guard is not None or any(code.scheme_designator == PRIVATE for code in codes)


def _private_scheme() -> Any:
    """Say whose the scheme of our own codes is."""
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    return CodingSchemeIdentificationItem(PRIVATE, name="Codes of chestnut", responsible_organization=MANUFACTURER)
