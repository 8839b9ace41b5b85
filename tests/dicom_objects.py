"""DICOM objects for tests: a radiograph of a chest with a patient, and the same in every transfer syntax."""

import io

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

CR, DX, RAW, CAPTURE, CT = (
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.2",
)
EXPLICIT, IMPLICIT, BIG, DEFLATED = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
)
RLE, JPEG, JPEG_LS, JPEG_LS_LOSSY, JPEG_2000, JPEG_2000_LOSSY = (
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
)

#: What no log may contain.
NAME, PATIENT, BIRTH = "Quimby^Ottilie", "PID-8812345", "19430917"


def grey(height=48, width=40):
    """Grey values that a lossy compression keeps almost as they are."""
    return np.add.outer(np.arange(height) * 2, np.arange(width) * 2).astype(np.uint8) + 40


def radiograph(pixels=None, number=1, **elements):
    """A radiograph of a chest, uncompressed; an element given as None is left out."""
    pixels = grey() if pixels is None else pixels
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = CR, f"1.2.826.0.1.9999.3.{number}"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.826.0.1.9999.1", "1.2.826.0.1.9999.2"
    made.PatientName, made.PatientID, made.PatientBirthDate, made.PatientSex = NAME, PATIENT, BIRTH, "F"
    made.StudyDate, made.StudyTime, made.ContentDate, made.ContentTime = "20260301", "0912", "20260302", "101112"
    made.Modality, made.BodyPartExamined, made.ViewPosition = "CR", "CHEST", "PA"
    made.AccessionNumber, made.Manufacturer, made.StudyID = "A1", "Acme", "1"
    made.ReferringPhysicianName, made.PatientOrientation = "House^Gregory", ["L", "F"]
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 8 * pixels.itemsize
    made.HighBit, made.PixelRepresentation = made.BitsStored - 1, 0
    made.WindowCenter, made.WindowWidth = 128, 256
    made.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        if value is None:
            del made[keyword]
        else:
            setattr(made, keyword, value)
    return made


def encoded(made, syntax=EXPLICIT):
    """An object as a file in a transfer syntax."""
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(EXPLICIT)
    made.file_meta.MediaStorageSOPClassUID, made.file_meta.MediaStorageSOPInstanceUID = (
        made.SOPClassUID,
        made.SOPInstanceUID,
    )
    if syntax == JPEG:
        file = io.BytesIO()
        Image.fromarray(np.frombuffer(made.PixelData, np.uint8).reshape(made.Rows, made.Columns)).save(
            file, "JPEG", quality=98
        )
        made.PixelData = encapsulate([file.getvalue()])
        made["PixelData"].is_undefined_length = True
        made.file_meta.TransferSyntaxUID = UID(syntax)
    elif syntax in (RLE, JPEG_LS, JPEG_2000):
        made.compress(UID(syntax), generate_instance_uid=False)
    elif syntax == JPEG_LS_LOSSY:
        made.compress(UID(syntax), jls_error=1, generate_instance_uid=False)
    elif syntax == JPEG_2000_LOSSY:
        made.compress(UID(syntax), j2k_cr=[2], generate_instance_uid=False)
    else:
        made.file_meta.TransferSyntaxUID = UID(syntax)
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()
