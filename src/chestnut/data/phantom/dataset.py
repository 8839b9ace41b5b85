"""Write a data set of synthetic radiographs, with its ground truth, as JPEG, 16-bit PNG or DICOM files.

The folder contains

    NORMAL/phantom-0003_1.jpeg …     a folder per class; file names contain the patient
    PNEUMONIA/phantom-0004_1.jpeg …
    _masks/phantom-0004_1.png …      the lesions, 255 inside and 0 outside; normal images have no mask
    _truth.csv                       the ground truth: file, patient, class, sex, age, kind, lobe, share of the image in
                                     the mask
    _attributes.csv                  sex and age of each patient
    phantom.json                     a mark that the data are synthetic, with the arguments to draw them again

Readers ignore names that begin with an underscore, and recognise synthetic data by `phantom.json`.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from chestnut.data.phantom.radiograph import CLASSES, Radiograph, stream
from chestnut.errors import DataError, suggest
from chestnut.files.folders import new_folder
from chestnut.files.json_files import json_text
from chestnut.progress import Tick

Format = Literal["jpeg", "png16", "dicom"]

_INVERTED = 0.25  # share of DICOM files that store black as the greatest value
_AGE, _AGE_SPREAD = 50, 22  # years, of the patients
_LOWEST, _HIGHEST, _MOST = 400, 3600, 4095  # stored values of black and white, and the greatest value of 12 bits


@dataclass(frozen=True)
class Written:
    """The data set that was written.

    Attributes:
        out: The folder.
        format: The file format: "jpeg", "png16" or "dicom".
        size: The side of an image in pixels.
        seed: The seed of the drawing.
        images: The number of images of each class.
        patients: The number of patients of each class.
        bytes: The size of all image files together.
    """

    out: Path
    format: Format
    size: int
    seed: int
    images: dict[str, int]
    patients: dict[str, int]
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, ready for JSON."""
        return {"synthetic": True, **asdict(self), "out": str(self.out)}


def write(
    out: str | os.PathLike[str],
    patients: int,
    *,
    seed: int = 0,
    size: int = 224,
    format: Format = "jpeg",
    pneumonia: float = 0.5,
    progress: Tick | None = None,
) -> Written:
    """Draw synthetic patients and write their images; an error leaves no folder behind.

    Args:
        out: The folder to write, new or empty.
        patients: The number of patients, at least 2; they have 2.5 images each on average.
        seed: The seed of all random draws, 0 or more.
        size: The side of an image in pixels, 32 to 2048.
        format: "jpeg" with 8 bits, "png16", or "dicom" with 12 bits, a quarter of them MONOCHROME1.
        pneumonia: The share of patients with pneumonia, 0..1.
        progress: A function that receives (patients done, patients in total).

    Raises:
        DataError: The folder is not empty, or a value is out of its range.
        DiskError: The disk is full, or permission is missing.
    """
    folder = Path(out)
    if format not in _WRITERS:
        raise DataError(f"no format {format!r}; {suggest(str(format), _WRITERS)}")
    radiographs = stream(patients, size=size, seed=seed, pneumonia=pneumonia)
    facts = {"seed": seed, "patients": patients, "pneumonia": pneumonia, "size": size, "format": format}
    rows = []
    with new_folder(folder) as place:
        for image in radiographs:
            rows.append(_save(image, place, format))
            if progress is not None:
                progress(int(image.patient.rpartition("-")[2]) + 1, patients)
        truth = pd.DataFrame(rows)
        truth.drop(columns="bytes").to_csv(place / "_truth.csv", index=False, float_format="%.4f", lineterminator="\n")
        people = truth[["patient", "sex", "age"]].drop_duplicates()
        people.to_csv(place / "_attributes.csv", index=False, lineterminator="\n")
        origin = {"synthetic": True, "generator": "chestnut.data.phantom.radiograph"}
        text = json_text({**origin, **facts, "images": len(truth)})
        (place / "phantom.json").write_text(text, encoding="utf-8")
    return Written(
        folder,
        format,
        size,
        seed,
        images=_counts(truth),
        patients=_counts(truth.drop_duplicates("patient")),
        bytes=int(truth["bytes"].sum()),
    )


def _counts(truth: pd.DataFrame) -> dict[str, int]:
    return {name: int((truth["class"] == name).sum()) for name in CLASSES}


def _save(image: Radiograph, place: Path, format: Format) -> dict[str, Any]:
    """Write an image with its mask; return its row of the ground truth, with the size of its file."""
    suffix, save = _WRITERS[format]
    path = place / image.label / f"{image.name}{suffix}"
    path.parent.mkdir(exist_ok=True)
    save(image, path)
    if image.target:
        mask = place / "_masks" / f"{image.name}.png"
        mask.parent.mkdir(exist_ok=True)
        Image.fromarray(image.mask.astype(np.uint8) * 255).save(mask)
    sex, age = _person(image)
    return {
        "file": f"{image.label}/{path.name}",
        "patient": image.patient,
        "class": image.label,
        "sex": sex,
        "age": age,
        "kind": image.kind,
        "lobe": image.lobe,
        "lesion": image.mask.mean(),
        "bytes": path.stat().st_size,
    }


def _person(image: Radiograph) -> tuple[str, int]:
    """Return the sex and age in years of a patient; they leave no trace in the image."""
    generator = np.random.default_rng([image.seed, zlib.crc32(image.patient.encode())])
    return "FM"[int(generator.integers(2))], int(np.clip(generator.normal(_AGE, _AGE_SPREAD), 0, 99))


def _save_jpeg(image: Radiograph, path: Path) -> None:
    Image.fromarray(image.pixels).save(path, quality=92)


def _save_png16(image: Radiograph, path: Path) -> None:
    Image.fromarray(np.rint(image.grey * 65535).astype(np.uint16)).save(path)


def _save_dicom(image: Radiograph, path: Path) -> None:
    """Write a Computed Radiography file with 12 stored bits, whose window covers the grey range of the image."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

    def uid(part: str) -> str:
        drawn = ["chestnut.data.phantom.radiograph", str(image.seed), str(image.grey.shape[0]), image.name, part]
        return str(generate_uid(entropy_srcs=drawn))

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = uid("image")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.StudyInstanceUID, file.SeriesInstanceUID = uid("study"), uid("series")
    number = image.patient.rpartition("-")[2]
    file.PatientID, file.PatientName = image.patient, f"PHANTOM^{number}"
    sex, age = _person(image)
    file.PatientBirthDate, file.PatientSex, file.PatientAge = "", sex, f"{age:03d}Y"
    file.PatientOrientation = ["L", "F"]
    file.StudyDate = file.StudyTime = file.StudyID = file.AccessionNumber = file.ReferringPhysicianName = ""
    file.SeriesNumber, file.InstanceNumber = 1, image.number
    file.Modality, file.BodyPartExamined, file.ViewPosition, file.Laterality = "CR", "CHEST", "PA", ""
    file.ImageType = ["DERIVED", "PRIMARY"]
    file.Manufacturer, file.BurnedInAnnotation = "chestnut", "NO"
    file.ImageComments = "Synthetic image drawn by chestnut.data.phantom.radiograph; not of a person"
    spacing = f"{10 * image.spacing:.6f}"  # mm
    file.ImagerPixelSpacing = [spacing, spacing]
    chance = np.random.default_rng([image.seed, zlib.crc32(image.name.encode())]).random()
    _set_pixels(file, image.grey, inverted=bool(chance < _INVERTED))
    file.save_as(path, enforce_file_format=True)


def _set_pixels(file: Any, grey: npt.NDArray[np.float32], inverted: bool) -> None:
    stored = np.rint(_LOWEST + (_HIGHEST - _LOWEST) * grey).astype(np.uint16)
    # DICOM PS3.3 C.11.2.1.2: black up to centre - 0.5 - (width - 1)/2, white from centre - 0.5 + (width - 1)/2
    centre = (_LOWEST + _HIGHEST) / 2 + 0.5
    file.PhotometricInterpretation = "MONOCHROME2"
    if inverted:
        stored, centre = _MOST - stored, _MOST - centre + 1
        file.PhotometricInterpretation = "MONOCHROME1"
    file.WindowCenter, file.WindowWidth = f"{centre:g}", f"{_HIGHEST - _LOWEST + 1}"
    file.Rows, file.Columns = grey.shape
    file.SamplesPerPixel, file.PixelRepresentation = 1, 0
    file.BitsAllocated, file.BitsStored, file.HighBit = 16, 12, 11
    file.PixelData = stored.astype("<u2").tobytes()


_WRITERS: dict[str, tuple[str, Callable[[Radiograph, Path], None]]] = {
    "jpeg": (".jpeg", _save_jpeg),
    "png16": (".png", _save_png16),
    "dicom": (".dcm", _save_dicom),
}
