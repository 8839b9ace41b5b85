"""Results of real images, read by the programs of others: `dciodvfy` finds no error, and `dsrdump` reads the report."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest

from chestnut.data.decoding.decode import quiet
from chestnut.errors import ImageError
from chestnut.serve.dicom.chest import read_header, require_chest
from chestnut.serve.dicom.refusal import RefusalError
from chestnut.serve.dicom.results.make import make_results
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.scoring.upload import Upload, decode_upload
from dicom_peers import run_program
from onnx_bundle import write_onnx_bundle

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "dicom"

#: What becomes of each file: a probability that can be sent on, or why not.
FILES = {
    "CR-MONO1-10-chest.dcm": "scored",
    "nhsx_nih_sample.dcm": "scored",
    "pydicom-data_RG1_J2KI.dcm": "scored",
    "fodicom_CR-ModalitySequenceLUT.dcm": "cannot be decoded from JPEG Lossless",
    "fodicom_test_SR.dcm": "this class of objects is not scored",
}


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    return Scorer.open(write_onnx_bundle(tmp_path_factory.mktemp("runs") / "bright", size=64), threads=1)


def content_of(name):
    if not FOLDER.is_dir():
        pytest.skip(f"needs {FOLDER}")
    return (FOLDER / name).read_bytes()


def score_of(scorer, content):
    return scorer.score([decode_upload(Upload("x", content), scorer.bundle.spec)])[0]


@pytest.mark.parametrize(("name", "outcome"), FILES.items(), ids=FILES)
def test_a_real_file_is_refused_or_has_results_that_others_read(scorer, tmp_path, name, outcome):
    content = content_of(name)
    header = read_header(content)
    try:
        require_chest(header, str(header.SOPClassUID), str(header.SOPInstanceUID))
        results = make_results(content, scorer, score_of(scorer, content))
    except (RefusalError, ImageError) as error:
        assert outcome in str(error)
        return
    assert outcome == "scored"
    for kind, made in zip(("report", "picture"), results, strict=True):
        file = tmp_path / f"{kind}.dcm"
        file.write_bytes(made)
        said = run_program("dciodvfy", file, check=False)[1]
        assert "Error" not in said and ("Comprehensive3DSR" if kind == "report" else "SCImage") in said
        run_program("dcmdump", file)
    assert "not for diagnosis" in run_program("dsrdump", tmp_path / "report.dcm")[1]


@pytest.mark.parametrize("name", [name for name, outcome in FILES.items() if outcome == "scored"])
def test_a_real_image_inverted_has_the_same_probability(scorer, name):
    content = content_of(name)
    with quiet():
        image = pydicom.dcmread(io.BytesIO(content), force=True)
        if "TransferSyntaxUID" not in image.file_meta:
            image.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        if image.file_meta.TransferSyntaxUID.is_compressed:
            image.decompress()
        most = 2**image.BitsStored - 1
        inverted = most - image.pixel_array
        image.PixelData = inverted.astype(image.pixel_array.dtype).tobytes()
        other = {"MONOCHROME1": "MONOCHROME2", "MONOCHROME2": "MONOCHROME1"}
        image.PhotometricInterpretation = other[image.PhotometricInterpretation]
        if "WindowCenter" in image:
            slope, cut = float(image.get("RescaleSlope", 1)), float(image.get("RescaleIntercept", 0))
            # PS3.3 C.11.2.1.2: the window reaches from centre − 0.5 by (width − 1) / 2 to both sides
            image.WindowCenter = 2 * cut + slope * most + 1 - float(np.atleast_1d(image.WindowCenter)[0])
        file = io.BytesIO()
        image.save_as(file, enforce_file_format=True)
    plain, turned = score_of(scorer, content), score_of(scorer, file.getvalue())
    assert turned.probabilities["PNEUMONIA"] == pytest.approx(plain.probabilities["PNEUMONIA"], abs=0.01)
