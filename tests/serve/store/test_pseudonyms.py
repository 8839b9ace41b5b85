"""Keyed hashes of the identities in DICOM headers: stable, told apart, and nothing to be read from them."""

import io

import pydicom
import pytest
from pydicom.data import get_testdata_file

from chestnut.errors import StoreError
from chestnut.serve.store.entry import Subject
from chestnut.serve.store.pseudonyms import Pseudonyms


def content(**changes):
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    for name, value in changes.items():
        setattr(dataset, name, value)
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def test_the_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "data" / "pseudonyms.key"
    first = Pseudonyms.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Pseudonyms.open(path).pseudonym("study", "1.2.3") == first.pseudonym("study", "1.2.3")
    other = Pseudonyms.open(tmp_path / "other.key")
    assert other.pseudonym("study", "1.2.3") != first.pseudonym("study", "1.2.3")


@pytest.mark.parametrize("text", ["", "secret", "a" * 63, "é" * 64])
def test_a_file_without_a_key_is_refused(tmp_path, text):
    path = tmp_path / "pseudonyms.key"
    path.write_text(text)
    with pytest.raises(StoreError, match=r"pseudonyms\.key contains no key of 64 hexadecimal digits"):
        Pseudonyms.open(path)
    assert path.read_text() == text


def test_images_of_a_patient_have_the_same_hash_of_the_patient_and_others_have_not():
    pseudonyms = Pseudonyms(bytes(32))
    one = pseudonyms.read_subject(content(PatientID="12", SOPInstanceUID="1.2"))
    two = pseudonyms.read_subject(content(PatientID="12 ", SOPInstanceUID="1.3"))
    assert one.patient == two.patient
    assert one.study == two.study
    assert one.instance != two.instance
    assert pseudonyms.read_subject(content(PatientID="13")).patient != one.patient
    assert pseudonyms.read_subject(content(PatientID="12", IssuerOfPatientID="elsewhere")).patient != one.patient
    assert len({one.patient, one.study, one.instance}) == 3


def test_an_anonymous_patient_and_other_files_have_no_hash():
    pseudonyms = Pseudonyms(bytes(32))
    for patient in ("", "ANONYMOUS", "Anon12"):
        assert pseudonyms.read_subject(content(PatientID=patient)).patient is None
    assert pseudonyms.read_subject(b"\x89PNG\r\n\x1a\n" + bytes(200)) == Subject()
    assert pseudonyms.read_subject(bytes(128) + b"DICM" + b"\xff" * 200) == Subject()
