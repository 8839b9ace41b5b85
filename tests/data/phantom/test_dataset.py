import csv
import errno
import json
import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from chestnut.data.phantom import dataset as phantom_files
from chestnut.data.phantom.dataset import write
from chestnut.data.phantom.radiograph import stream
from chestnut.errors import DataError, DiskError

PATIENTS, SIZE, SEED = 6, 48, 7


@pytest.fixture(scope="module", params=["jpeg", "png16", "dicom"])
def written(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("phantom") / "data"
    return write(out, PATIENTS, seed=SEED, size=SIZE, format=request.param)


@pytest.fixture(scope="module")
def drawn():
    return {image.name: image for image in stream(PATIENTS, size=SIZE, seed=SEED)}


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def images(written):
    suffix = {"jpeg": "jpeg", "png16": "png", "dicom": "dcm"}[written.format]
    return sorted(path for name in written.images for path in (written.out / name).glob(f"*.{suffix}"))


def test_folder_layout(written, drawn):
    assert sorted(path.name for path in written.out.iterdir()) == [
        "NORMAL", "PNEUMONIA", "_attributes.csv", "_masks", "_truth.csv", "phantom.json",
    ]  # fmt: skip
    assert {(path.stem, path.parent.name) for path in images(written)} == {
        (name, image.label) for name, image in drawn.items()
    }
    assert sum(written.images.values()) == len(drawn)
    assert written.patients == {"NORMAL": 3, "PNEUMONIA": 3}
    assert written.bytes == sum(path.stat().st_size for path in images(written))


def test_masks_and_truth(written, drawn):
    ill = {name for name, image in drawn.items() if image.target}
    assert {path.stem for path in (written.out / "_masks").iterdir()} == ill
    for name in ill:
        mask = np.asarray(Image.open(written.out / "_masks" / f"{name}.png"))
        assert np.array_equal(mask == 255, drawn[name].mask)
        assert set(np.unique(mask)) == {0, 255}
    with (written.out / "_truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["class"], row["kind"], row["lobe"], row["patient"]) for row in rows] == [
        (image.label, image.kind, image.lobe, image.patient) for image in drawn.values()
    ]
    assert all((written.out / row["file"]).is_file() for row in rows)
    people = {row["patient"]: (row["sex"], row["age"]) for row in rows}
    assert all((row["sex"], row["age"]) == people[row["patient"]] for row in rows)
    assert {sex for sex, _ in people.values()} <= {"F", "M"} and all(0 <= int(age) < 100 for _, age in people.values())


def test_the_folder_says_that_it_is_synthetic(written, drawn):
    facts = json.loads((written.out / "phantom.json").read_text())
    assert facts == {
        "synthetic": True,
        "generator": "chestnut.data.phantom.radiograph",
        "seed": SEED,
        "patients": PATIENTS,
        "size": SIZE,
        "format": written.format,
        "images": len(drawn),
        "pneumonia": 0.5,
    }
    assert json.loads(json.dumps(written.to_dict()))["synthetic"] is True


def test_files_read_back(written, drawn):
    for path in images(written):
        grey = drawn[path.stem].grey
        if written.format == "dicom":
            read, step = read_dicom(path), 1 / 3200
        else:
            with Image.open(path) as image:
                assert image.mode == ("L" if written.format == "jpeg" else "I;16")
                read = np.asarray(image) / (255 if written.format == "jpeg" else 65535)
            step = 8 / 255 if written.format == "jpeg" else 1 / 65535
        assert read.shape == (SIZE, SIZE)
        assert np.abs(read - grey).mean() < step
        if written.format != "jpeg":
            assert np.abs(read - grey).max() <= 0.51 * step
            assert len(np.unique(read)) > 500  # finer than 8 bits


def read_dicom(path):
    """Return the grey values 0..1 that a viewer shows: window of DICOM PS3.3 C.11.2.1.2, then MONOCHROME1 inverted."""
    data = pydicom.dcmread(path)
    low = float(data.WindowCenter) - 0.5 - (float(data.WindowWidth) - 1) / 2
    shown = np.clip((data.pixel_array - low) / (float(data.WindowWidth) - 1), 0, 1)
    return 1 - shown if data.PhotometricInterpretation == "MONOCHROME1" else shown


def test_dicom_headers(tmp_path):
    written = write(tmp_path / "dicom", PATIENTS, seed=SEED, size=32, format="dicom")
    headers = [pydicom.dcmread(path) for path in images(written)]
    assert {data.PhotometricInterpretation for data in headers} == {"MONOCHROME1", "MONOCHROME2"}
    for path, data in zip(images(written), headers, strict=True):
        assert path.stem == f"{data.PatientID}_{data.InstanceNumber}"
        assert str(data.PatientName) == f"PHANTOM^{data.PatientID[-4:]}"
        assert (data.Modality, data.ViewPosition, data.BurnedInAnnotation) == ("CR", "PA", "NO")
        assert (data.BitsAllocated, data.BitsStored, data.HighBit) == (16, 12, 11)
        assert data.pixel_array.max() < 4096
        assert "ynthetic" in data.ImageComments
        assert 9 < float(data.ImagerPixelSpacing[0]) < 13
    for name in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        uids = [getattr(data, name) for data in headers]
        assert len(set(uids)) == len(uids)
        assert all(uid.is_valid for uid in uids)


def test_the_same_seed_writes_the_same_bytes(written, tmp_path):
    again = write(tmp_path / "again", PATIENTS, seed=SEED, size=SIZE, format=written.format)
    assert files(again.out) == files(written.out)
    for name in files(again.out):
        assert (again.out / name).read_bytes() == (written.out / name).read_bytes()


def test_progress_is_reported(tmp_path):
    told = []
    write(tmp_path / "out", 3, size=32, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (1, 3) and told[-1] == (3, 3)
    assert told == sorted(told)


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", 2, size=32)
    assert (tmp_path / "out" / "phantom.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not any(path.name.startswith(".") for path in (tmp_path / "out").iterdir())


def test_written_folders_have_ordinary_permissions(tmp_path):
    (tmp_path / "ordinary").mkdir()
    write(tmp_path / "out", 2, size=32)
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patients": 1}, "2 or more"),
        ({"size": 16}, "32 to 2048"),
        ({"seed": -5}, "0 or more"),
        ({"format": "jpg"}, "did you mean jpeg"),
        ({"out": "full"}, "contains files already; give a new folder"),
        ({"out": "full/file"}, "is a file"),
        ({"out": "full/file/below"}, "a file stands where a folder would have to"),
        ({"out": "x" * 300}, "the name is too long"),
    ],
)
def test_a_refused_call_leaves_nothing(tmp_path, change, said):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    chosen = {"out": "new", "patients": 2, "size": 32, **change}
    with pytest.raises((DataError, DiskError), match=said) as caught:
        write(tmp_path / chosen.pop("out"), **chosen)
    assert "\n" not in str(caught.value)
    assert files(tmp_path) == ["full/file"]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("empty", [False, True])
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, empty):
    if empty:
        (tmp_path / "out").mkdir()
    save = Image.Image.save

    def fill(image, path, **options):
        if Path(path).stem == "phantom-0001_1":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        save(image, path, **options)

    monkeypatch.setattr(phantom_files.Image.Image, "save", fill)
    with pytest.raises(DiskError, match="the disk is full"):
        write(tmp_path / "out", 3, size=32)
    assert files(tmp_path) == []
    assert [path.name for path in tmp_path.rglob("*")] == (["out"] if empty else [])


def test_an_interruption_leaves_nothing(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "out", 3, size=32, progress=stop)
    assert list(tmp_path.iterdir()) == []
