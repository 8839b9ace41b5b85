"""DICOM results: what they say, that they are the same each time, and that they belong to the image's patient."""

import io
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian

from chestnut.serve.dicom.results.drawing import draw_result
from chestnut.serve.dicom.results.identity import Identity, is_own
from chestnut.serve.dicom.results.make import make_results
from chestnut.serve.dicom.results.outcome import Outcome
from chestnut.serve.dicom.results.report import make_report
from chestnut.serve.dicom.results.source import read_source
from chestnut.serve.scoring.score import Judgement
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.scoring.upload import Upload, decode_upload
from dicom_objects import NAME, PATIENT, RAW, encoded, grey, radiograph
from dicom_peers import run_program
from onnx_bundle import write_onnx_bundle

pytestmark = pytest.mark.slow  # importing highdicom takes a second


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    return Scorer.open(write_onnx_bundle(tmp_path_factory.mktemp("runs") / "bright"), threads=1)


def results(scorer, content, **changes):
    """The results of a file, parsed."""
    (score,) = scorer.score([decode_upload(Upload("x", content), scorer.bundle.spec)])
    for name, value in changes.items():
        object.__setattr__(score, name, value)
    made = make_results(content, scorer, score)
    return pydicom.dcmread(io.BytesIO(made.report)), pydicom.dcmread(io.BytesIO(made.picture)), made


def items(report):
    """Every item of a report's content by the meaning of its name: value or code."""
    found = {}

    def walk(sequence):
        for item in sequence:
            name = item.ConceptNameCodeSequence[0].CodeMeaning if "ConceptNameCodeSequence" in item else ""
            if item.ValueType == "CODE":
                found.setdefault(name, []).append(item.ConceptCodeSequence[0].CodeValue)
            elif item.ValueType == "NUM":
                found.setdefault(name, []).append(float(item.MeasuredValueSequence[0].NumericValue))
            elif item.ValueType in ("TEXT", "UIDREF"):
                found.setdefault(name, []).append(item.get("TextValue") or item.get("UID"))
            elif item.ValueType == "IMAGE":
                found.setdefault("image", []).append(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
            walk(item.get("ContentSequence", ()))

    walk(report.ContentSequence)
    return found


def test_the_report_says_what_was_found_and_by_what(scorer):
    source = radiograph()
    report, _, _ = results(scorer, encoded(source))
    said = items(report)
    assert said["Finding"] == ["233604007"]
    assert said["Presence"] in (["52101004"], ["2667000"])
    (score,) = scorer.score([decode_upload(Upload("x", encoded(source)), scorer.bundle.spec)])
    assert said["Certainty of Finding"] == [pytest.approx(100 * score.probabilities["PNEUMONIA"], abs=0.006)]
    assert (said["Presence"] == ["52101004"]) == (score.decision == "PNEUMONIA")
    assert said["Algorithm Parameters"][:2] == ["threshold=40.00% of PNEUMONIA", f"bundle={scorer.bundle.identity}"]
    assert "not calibrated" in said["Algorithm Parameters"][2]
    assert said["image"] == [source.SOPInstanceUID]
    assert any("synthetic" in text for text in said["Comment"])
    assert (report.CompletionFlag, report.PreliminaryFlag, report.VerificationFlag) == (
        "COMPLETE",
        "PRELIMINARY",
        "UNVERIFIED",
    )


def test_both_belong_to_the_patient_and_the_study_in_series_of_their_own(scorer):
    source = radiograph()
    report, picture, _ = results(scorer, encoded(source))
    for made in (report, picture):
        assert (made.PatientName, made.PatientID, made.StudyInstanceUID) == (NAME, PATIENT, source.StudyInstanceUID)
        assert made.SeriesDescription.startswith("AI - not for diagnosis") and len(made.SeriesDescription) <= 64
        assert made.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert is_own(made.SOPInstanceUID) and is_own(made.SeriesInstanceUID)
        assert (made.ContentDate, made.ContentTime) == (source.ContentDate, source.ContentTime)
    assert len({source.SeriesInstanceUID, report.SeriesInstanceUID, picture.SeriesInstanceUID}) == 3
    assert picture.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert picture.ConversionType == "WSD" and "BurnedInAnnotation" not in picture
    assert "PixelSpacing" not in picture and "PresentationIntentType" not in picture


def test_a_second_run_gives_the_same_bytes_and_other_content_other_uids(scorer):
    content = encoded(radiograph())
    first, again = results(scorer, content)[2], results(scorer, content)[2]
    assert first == again
    other = results(scorer, encoded(radiograph(grey() + 1)))
    mine = results(scorer, content)
    assert mine[0].SeriesInstanceUID == other[0].SeriesInstanceUID
    assert not {mine[0].SOPInstanceUID, mine[1].SOPInstanceUID} & {other[0].SOPInstanceUID, other[1].SOPInstanceUID}


def test_missing_and_impossible_elements_are_completed_or_left_out(scorer):
    bare = radiograph(
        PatientID=None, PatientBirthDate=None, StudyID=None, StudyDate=None, StudyTime=None, ContentDate=None,
        ContentTime=None, PatientOrientation=None,
    )  # fmt: skip
    bare.PatientAge, bare.PatientSex = "081Y", "U"
    content = encoded(bare)
    assert content.count(b"081Y") == 1
    for made in results(scorer, content.replace(b"081Y", b"81  "))[:2]:
        assert made.PatientID in (None, "") and made.PatientName == NAME
        assert "PatientAge" not in made and made.PatientSex in (None, "")
        assert made.ContentDate == "19000101"


@pytest.mark.parametrize(
    ("charset", "name"),
    [("ISO_IR 100", "Müller^Jörg"), ("ISO_IR 192", "山田^太郎"), (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎")],
)
def test_names_in_other_scripts_stay_as_they_are(scorer, charset, name):
    for made in results(scorer, encoded(radiograph(SpecificCharacterSet=charset, PatientName=name)))[:2]:
        assert made.PatientName == name and made.SpecificCharacterSet == charset


def test_an_inverted_copy_has_the_same_probability(scorer):
    plain, inverted = radiograph(), radiograph(255 - grey(), PhotometricInterpretation="MONOCHROME1")
    certain = [items(results(scorer, encoded(one))[0])["Certainty of Finding"] for one in (plain, inverted)]
    assert certain[0] == pytest.approx(certain[1], abs=0.02)


def test_the_guard_and_raw_data_are_remarked_and_identifying_text_stays_declared(scorer):
    raw = radiograph(SOPClassUID=RAW, BurnedInAnnotation="YES", LossyImageCompression="01")
    report, picture, _ = results(scorer, encoded(raw), guard=Judgement(False, 0.0, "upside down"), lungs_found=False)
    said = items(report)
    assert said["Image is like the training images"] == ["373067005"]
    assert [text.split(":")[0] for text in said["Comment"][1:4]] == [
        "Unlike the training images (upside down)",
        "The lungs were not found",
        "Made from an image FOR PROCESSING, which looks unlike images to be read",
    ]
    assert picture.BurnedInAnnotation == "YES" and picture.LossyImageCompression == "01"


def test_the_words_are_burnt_in_around_the_picture_and_not_over_it(scorer):
    picture = results(scorer, encoded(radiograph(grey(120, 100))))[1].pixel_array
    height = round(120 * 640 / 100)
    assert picture.shape[1] == 640 and picture.shape[0] > height
    words = np.abs(picture[:25].astype(int) - [255, 200, 60]).sum(axis=2) < 60
    assert words.any() and not picture[-3:].any()


def test_of_more_classes_each_finding_has_a_group_and_the_likeliest_is_explained(scorer, tmp_path):
    content = encoded(radiograph())
    bundle = replace(scorer.bundle, classes=("No_findings", "Covid-19", "Effusion"), positive=None, synthetic=False)
    (score,) = scorer.score([decode_upload(Upload("x", content), scorer.bundle.spec)])
    chances = {"No_findings": 0.2, "Covid-19": 0.3, "Effusion": 0.5}
    score = replace(score, probabilities=chances, decision="Effusion", threshold=None)
    outcome = Outcome("Thorax-Ä", bundle, score)
    source = read_source(content)
    report = make_report(source, Identity("1.1", "1.2", "1.3", "aa", score.bundle), outcome)
    said = items(report)
    assert said["Finding"] == ["840539006", "EFFUSION"]
    assert said["Presence"] == ["2667000", "52101004"]
    assert said["Certainty of Finding"] == [30, 50]
    assert len(set(said["Tracking Unique Identifier"])) == 2 and outcome.explained == "Effusion"
    assert report.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == "99CHESTNUT"
    assert report.ManufacturerModelName == "Thorax-?"
    picture = draw_result(np.zeros((700, 700, 3), np.uint8), outcome, shows_heat=False)
    assert picture.shape[0] > 700 and picture.shape[1] == 700
    file = tmp_path / "report.dcm"
    report.save_as(file, enforce_file_format=True)
    assert "Error" not in run_program("dciodvfy", file, check=False)[1]
