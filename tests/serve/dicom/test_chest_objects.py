"""Which objects are scored by their headers, and the status that the others are refused with."""

import io

import pytest

from chestnut.serve.dicom.chest import read_header, require_chest
from chestnut.serve.dicom.refusal import RefusalError, Status
from dicom_objects import CAPTURE, CR, CT, DX, RAW, encoded, radiograph

TAKEN = [
    {}, {"SOPClassUID": DX, "Modality": "DX"}, {"SOPClassUID": RAW, "Modality": "DX"}, {"BodyPartExamined": None},
    {"BodyPartExamined": "THORAX"}, {"BodyPartExamined": "CHEST_PA"}, {"ViewPosition": None}, {"ViewPosition": "AP"},
    {"ViewPosition": "RLD"}, {"Modality": "RG"}, {"NumberOfFrames": 1},
    {"SOPClassUID": CAPTURE, "Modality": "DX", "BodyPartExamined": None}, {"SOPClassUID": CAPTURE, "Modality": "OT"},
]  # fmt: skip

REFUSED = [
    ({"SOPClassUID": CT, "Modality": "CT"}, Status.NOT_SUPPORTED),
    ({"BodyPartExamined": "HAND"}, Status.NO_CHEST),
    ({"BodyPartExamined": "CHESTABDPELVIS"}, Status.NO_CHEST),
    ({"Modality": "MG"}, Status.NO_CHEST),
    ({"Modality": None}, Status.NO_CHEST),
    ({"SOPClassUID": CAPTURE, "Modality": "CT", "BodyPartExamined": None}, Status.NO_CHEST),
    ({"ViewPosition": "LL"}, Status.NOT_FRONTAL),
    ({"ViewPosition": "LATERAL"}, Status.NOT_FRONTAL),
    ({"BodyPartExamined": "CHEST LAT"}, Status.NOT_FRONTAL),
    ({"NumberOfFrames": 2}, Status.SEVERAL_FRAMES),
    ({"Rows": 0}, Status.TOO_LARGE),
    ({"Rows": 60000, "Columns": 60000}, Status.TOO_LARGE),
    ({"StudyInstanceUID": None}, Status.INVALID_INSTANCE),
]


def judge(made):
    require_chest(read_header(encoded(made)), str(made.SOPClassUID), str(made.SOPInstanceUID))


@pytest.mark.parametrize("elements", TAKEN, ids=str)
def test_frontal_radiographs_of_a_chest_are_taken(elements):
    judge(radiograph(**elements))


@pytest.mark.parametrize(("elements", "status"), REFUSED, ids=str)
def test_others_are_refused_with_a_status_that_says_why(elements, status):
    with pytest.raises(RefusalError) as refused:
        judge(radiograph(**elements))
    assert refused.value.status == status
    assert refused.value.reason.isascii() and len(refused.value.reason) <= 64


def test_what_the_sender_states_must_be_what_the_object_says():
    header = read_header(encoded(radiograph()))
    for stated in ((DX, "1.2.826.0.1.9999.3.1"), (CR, "1.2.3")):
        with pytest.raises(RefusalError) as refused:
            require_chest(header, *stated)
        assert refused.value.status == Status.WRONG_CLASS


def test_a_damaged_or_oversized_header_is_refused():
    content = encoded(radiograph())
    at = content.index(b"\x28\x00\x10\x00US")
    wrong = content[: at + 6] + b"\xff\xff" + content[at + 8 :]
    with pytest.raises(RefusalError):
        judged = read_header(wrong)
        require_chest(judged, CR, "1.2.826.0.1.9999.3.1")
    large = radiograph()
    large.add_new(0x00080094, "UT", "y" * 2_000_000)
    with pytest.raises(RefusalError) as refused:
        read_header(encoded(large))
    assert refused.value.status == Status.TOO_LARGE


def test_the_pixels_are_not_read(monkeypatch):
    content = encoded(radiograph())
    seen = []

    class Watched(io.BytesIO):
        def read(self, size=-1):
            seen.append(size)
            return super().read(size)

    monkeypatch.setattr("chestnut.serve.dicom.chest.io.BytesIO", Watched)
    read_header(content)
    assert max(seen) < 48 * 40
