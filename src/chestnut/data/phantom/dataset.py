"""Synthetic radiographs written as class folders of JPEG, 16-bit PNG or DICOM files, with their ground truth.

Called by `chestnut phantom`, `chestnut demo` and the Python API; calls `phantom`. A written folder holds

    NORMAL/phantom-0003_1.jpeg …     one folder a class; the name tells the patient
    PNEUMONIA/phantom-0004_1.jpeg …
    _masks/phantom-0004_1.png …      where the lesions are, 255 inside and 0 outside; none for normal images
    _truth.csv                       what was drawn: file, patient, class, kind, lobe, share of the image in the mask
    phantom.json                     that the data are synthetic, and how to draw them again

Readers leave out names that begin with an underscore, and know synthetic data by `phantom.json`.
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
_LOWEST, _HIGHEST, _MOST = 400, 3600, 4095  # stored values of black and white, and the most that 12 bits hold


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        out: The folder.
        format: "jpeg", "png16" or "dicom".
        size: Pixels a side.
        seed: Seed of the drawing.
        images: Images by class.
        patients: Patients by class.
        bytes: Size of the image files together.
    """

    out: Path
    format: Format
    size: int
    seed: int
    images: dict[str, int]
    patients: dict[str, int]
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """All of it, JSON-ready."""
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
    """Draw synthetic patients and write their images, wholly or not at all.

    Args:
        out: A folder that does not exist yet, or an empty one.
        patients: How many patients, at least 2; they have 2.5 images each on average.
        seed: What all chance depends on, 0 or more.
        size: Pixels a side, 32 to 2048.
        format: 8-bit "jpeg", "png16", or 12-bit "dicom" of which a quarter are MONOCHROME1.
        pneumonia: Share of patients with pneumonia, 0..1.
        progress: Called with (patients done, patients).

    Raises:
        DataError: `out` holds files, or a value is out of its range.
        DiskError: The disk is full or may not be written; nothing is left behind.
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
    """Write an image with its mask; gives its row of the truth, and the size of its file."""
    suffix, save = _WRITERS[format]
    path = place / image.label / f"{image.name}{suffix}"
    path.parent.mkdir(exist_ok=True)
    save(image, path)
    if image.target:
        mask = place / "_masks" / f"{image.name}.png"
        mask.parent.mkdir(exist_ok=True)
        Image.fromarray(image.mask.astype(np.uint8) * 255).save(mask)
    return {
        "file": f"{image.label}/{path.name}",
        "patient": image.patient,
        "class": image.label,
        "kind": image.kind,
        "lobe": image.lobe,
        "lesion": image.mask.mean(),
        "bytes": path.stat().st_size,
    }


def _save_jpeg(image: Radiograph, path: Path) -> None:
    Image.fromarray(image.pixels).save(path, quality=92)


def _save_png16(image: Radiograph, path: Path) -> None:
    Image.fromarray(np.rint(image.grey * 65535).astype(np.uint16)).save(path)


def _save_dicom(image: Radiograph, path: Path) -> None:
    """A Computed Radiography file with 12 bits stored, whose window shows the grey range that was drawn."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

    def uid(part: str) -> str:
        drawn = ["chestnut.data.phantom.radiograph", str(image.seed), str(image.grey.shape[0]), image.name, part]
        return str(generate_uid(entropy_srcs=drawn))

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = uid("image")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID = uid("study"), uid("series")
    number = image.patient.rpartition("-")[2]
    made.PatientID, made.PatientName = image.patient, f"PHANTOM^{number}"
    made.PatientBirthDate = made.PatientSex = ""
    made.PatientOrientation = ["L", "F"]
    made.StudyDate = made.StudyTime = made.StudyID = made.AccessionNumber = made.ReferringPhysicianName = ""
    made.SeriesNumber, made.InstanceNumber = 1, image.number
    made.Modality, made.BodyPartExamined, made.ViewPosition, made.Laterality = "CR", "CHEST", "PA", ""
    made.ImageType = ["DERIVED", "PRIMARY"]
    made.Manufacturer, made.BurnedInAnnotation = "chestnut", "NO"
    made.ImageComments = "Synthetic image drawn by chestnut.data.phantom.radiograph; not of a person"
    spacing = f"{10 * image.spacing:.6f}"  # mm
    made.ImagerPixelSpacing = [spacing, spacing]
    chance = np.random.default_rng([image.seed, zlib.crc32(image.name.encode())]).random()
    _set_pixels(made, image.grey, inverted=bool(chance < _INVERTED))
    made.save_as(path, enforce_file_format=True)


def _set_pixels(made: Any, grey: npt.NDArray[np.float32], inverted: bool) -> None:
    stored = np.rint(_LOWEST + (_HIGHEST - _LOWEST) * grey).astype(np.uint16)
    # DICOM PS3.3 C.11.2.1.2: black up to centre - 0.5 - (width - 1)/2, white from centre - 0.5 + (width - 1)/2
    centre = (_LOWEST + _HIGHEST) / 2 + 0.5
    made.PhotometricInterpretation = "MONOCHROME2"
    if inverted:
        stored, centre = _MOST - stored, _MOST - centre + 1
        made.PhotometricInterpretation = "MONOCHROME1"
    made.WindowCenter, made.WindowWidth = f"{centre:g}", f"{_HIGHEST - _LOWEST + 1}"
    made.Rows, made.Columns = grey.shape
    made.SamplesPerPixel, made.PixelRepresentation = 1, 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 12, 11
    made.PixelData = stored.astype("<u2").tobytes()


_WRITERS: dict[str, tuple[str, Callable[[Radiograph, Path], None]]] = {
    "jpeg": (".jpeg", _save_jpeg),
    "png16": (".png", _save_png16),
    "dicom": (".dcm", _save_dicom),
}
