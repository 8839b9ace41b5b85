import os
from pathlib import Path

import numpy as np
import pytest

from chestnut.data.manifest import Manifest
from chestnut.data.sources.image_list import ImageList
from chestnut.data.sources.load import Columns, load_dataset
from chestnut.data.split import split
from chestnut.errors import DataError

SHARED = Path(__file__).parents[4] / "shared" / "data"
shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")


def place(root, *names):
    """Create empty files, since reading a data set does not open images."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def table(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def dicom(path, patient, uid="1.2.3"):
    import pydicom
    from pydicom.dataset import FileMetaDataset

    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = pydicom.Dataset()
    dataset.PatientID, dataset.SOPInstanceUID = patient, uid
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    dataset.save_as(path, enforce_file_format=True)


def cells(manifest, *columns):
    return sorted(tuple(row) for row in manifest.frame[list(columns)].itertuples(index=False))


@pytest.fixture
def classes(tmp_path):
    return place(tmp_path / "data", "NORMAL/a.png", "NORMAL/b.JPG", "PNEUMONIA/c.webp", "PNEUMONIA/deep/er/d.tif")


# Class folders


def test_class_folders_with_folders_below(classes):
    manifest = load_dataset(classes)
    assert manifest.counts()["total"].to_dict() == {"NORMAL": 2, "PNEUMONIA": 2}
    assert [Path(path).name for path in manifest.paths] == ["a.png", "b.JPG", "c.webp", "d.tif"]
    assert (manifest.root, manifest.positive, manifest.synthetic) == (classes, "PNEUMONIA", False)


def test_system_files_are_ignored_and_other_files_are_counted(classes):
    place(classes, ".DS_Store", "__MACOSX/NORMAL/x.png", "NORMAL/._a.png", "NORMAL/Thumbs.db", "_masks/m.png")
    place(classes, "NORMAL/notes.txt", "list.csv", "NORMAL/README", "NORMAL/part.1")
    manifest = load_dataset(classes)
    assert len(manifest) == 4
    assert "4 files of other kinds left out: README, list.csv, notes.txt and 1 more" in manifest.notes


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Train", "VALID", "Test"), ("training", "validation", "TESTING")]
)
def test_folders_of_splits(tmp_path, names):
    for name in names:
        place(tmp_path, f"{name}/NORMAL/a.png", f"{name}/PNEUMONIA/b.png")
    manifest = load_dataset(tmp_path)
    assert manifest.splits == ("train", "val", "test")
    assert cells(manifest, "split", "label") == [
        (name, label) for name in ("test", "train", "val") for label in ("NORMAL", "PNEUMONIA")
    ]


def test_the_nested_kaggle_folder(tmp_path):
    for name in ("train", "test"):
        place(tmp_path, f"chest_xray/{name}/NORMAL/a.png", f"chest_xray/{name}/PNEUMONIA/b.png")
        place(tmp_path, f"chest_xray/chest_xray/{name}/NORMAL/a.png", f"chest_xray/chest_xray/{name}/PNEUMONIA/b.png")
    outer, inner = load_dataset(tmp_path), load_dataset(tmp_path / "chest_xray")
    assert outer.paths == inner.paths
    assert len(outer) == 4
    assert "folders beside the split folders left out: chest_xray" in inner.notes


@pytest.mark.parametrize(
    ("images", "masks", "where"),
    [
        ("{}/images/{}.png", "{}/masks/{}.png", "A/masks, B/masks"),
        ("{}/images/{}.png", "{}/lung masks/{}.png", "A/lung masks, B/lung masks"),
        ("{}/CXR_png/{}.png", "{}/ManualMask/leftMask/{}.png", "A/ManualMask, B/ManualMask"),
        ("{}/Images/{}.jpg", "{}/Ground-truths/mask_{}.png", "A/Ground-truths, B/Ground-truths"),
        ("{}/{}.png", "{}/{}_mask.png", "A/1_mask.png, B/1_mask.png"),
        ("train/{}/images/{}.png", "train/{}/masks/{}.png", "A/masks, B/masks"),
    ],
)
def test_masks_beside_their_images_are_left_out_with_a_note(tmp_path, images, masks, where):
    names = [(label, number) for label in "AB" for number in range(1, 4)]
    place(tmp_path, *(images.format(*name) for name in names), *(masks.format(*name) for name in names[:-1]))
    manifest = load_dataset(tmp_path)
    assert sorted(manifest.paths) == sorted(str(tmp_path / images.format(*name)) for name in names)
    assert f"5 masks left out, named like the images that they belong to: {where}" in manifest.notes
    assert len(list(ImageList.find([tmp_path]))) == 6


def test_masks_of_all_splits_are_counted(tmp_path):
    place(tmp_path, *(f"{split}/{label}/{part}/1.png" for split in ("train", "test") for label in "AB"
                      for part in ("images", "masks")))  # fmt: skip
    (note,) = (note for note in load_dataset(tmp_path).notes if "mask" in note)
    assert note.startswith("4 masks left out")


@pytest.mark.parametrize(
    "names",
    [
        ("mask/1.png", "mask/2.png", "no mask/1.png", "no mask/2.png"),  # patients with and without an oxygen mask
        ("mask/1.png", "mask/2.png", "NORMAL/1.png", "NORMAL/2.png"),
        ("A/images/1.png", "A/masks/2.png", "B/3.png", "B/4.png"),
        ("A/1.png", "A/2_mask.png", "B/3.png", "B/4.png"),
    ],
)
def test_folders_and_files_that_only_sound_like_masks_are_kept(tmp_path, names):
    manifest = load_dataset(place(tmp_path, *names))
    assert len(manifest) == 4
    assert not any("mask" in note for note in manifest.notes)


def test_classes_that_differ_in_case_are_one(tmp_path):
    place(tmp_path, "train/NORMAL/a.png", "train/NORMAL/b.png", "train/PNEUMONIA/c.png", "test/Normal/d.png")
    manifest = load_dataset(tmp_path)
    assert manifest.classes == ("NORMAL", "PNEUMONIA")
    assert "classes NORMAL, Normal combined as NORMAL" in manifest.notes


def test_a_phantom_is_synthetic_wherever_it_is_read_from(tmp_path):
    place(tmp_path, *(f"{part}/{label}/phantom-1_1.png" for part in ("train", "test") for label in ("A", "B")))
    (tmp_path / "phantom.json").write_text('{"synthetic": true}')
    whole = load_dataset(tmp_path)
    assert whole.synthetic
    whole.save(tmp_path.parent / f"{tmp_path.name}.csv")
    for part in (tmp_path.parent / f"{tmp_path.name}.csv", tmp_path / "train", tmp_path / "train" / "*"):
        assert load_dataset(part).synthetic


def test_real_images_near_a_phantom_are_real(classes):
    (classes.parent / "phantom.json").write_text('{"synthetic": true}')
    (classes / "phantom.json").write_text('{"synthetic": false}')
    assert not load_dataset(classes).synthetic
    (classes / "phantom.json").write_text('{"synthetic": true}')
    assert load_dataset(classes).synthetic


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "contains no images"),
        (("a.txt",), "contains no images; 1 file of other kinds left out: a.txt"),
        (("a.png", "b.png"), "contains images but no class folders; allowed are DATA/CLASS/images"),
        (("NORMAL/a.png", "NORMAL/b.png"), "has one class only, NORMAL, in 2 images"),
        (("NORMAL/a.png", "PNEUMONIA/b.png", "c.png"), "c.png: is beside the class folders"),
        (("train/a.png", "test/b.png"), "test contains images but no class folders"),
    ],
)
def test_folders_that_are_not_a_data_set_are_refused(tmp_path, names, said):
    place(tmp_path, *names)
    with pytest.raises(DataError, match=said):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "the path given is ''"),
        ("nowhere", "there is no .*nowhere; give a folder of class folders, a CSV"),
        ("a.txt", "is not a data set"),
        ("a.zip", "is not a data set; unpack it"),
        ("a.png", "is a single image"),
        ("*.gif", r"nothing matches the pattern .*\*.gif"),
        ("*.txt", "matches 1 files but no images"),
        ("x" * 5000, "there is no"),
        ("line\nbreak", r"line\\nbreak"),
    ],
)
def test_paths_that_are_not_a_data_set_are_refused(tmp_path, name, said):
    place(tmp_path, "a.txt", "a.zip", "a.png")
    with pytest.raises(DataError, match=said) as raised:
        load_dataset(tmp_path / name if name else "")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", [b"line\nbreak.png", b"bytes\xff.png", b"bell\x07.png", b"tab\t/a.png"])
def test_names_with_control_characters_are_refused(classes, name):
    place(classes, f"NORMAL/{os.fsdecode(name)}")
    with pytest.raises(DataError, match="the name has a control character or bytes that are not UTF-8") as raised:
        load_dataset(classes)
    str(raised.value).encode("ascii")
    manifest = load_dataset(classes, skip_bad=True)
    assert len(manifest) == 4
    assert any("1 file left out as unusable" in note for note in manifest.notes)
    with pytest.raises(DataError, match="the name has"):
        ImageList.find([classes])


def test_symbolic_links_that_loop(classes):
    (classes / "NORMAL" / "again").symlink_to(classes)
    with pytest.raises(DataError, match=r"again is the same folder as .*data, reached by a symbolic link"):
        load_dataset(classes)


@pytest.mark.parametrize("target", ["self.png", "gone.png"])
def test_symbolic_links_to_missing_files_are_refused(classes, target):
    (classes / "NORMAL" / "self.png").symlink_to(target)
    with pytest.raises(DataError, match=r"self.png.* (is a symbolic link loop|a link to a file that does not exist)"):
        load_dataset(classes)


def test_symbolic_links_keep_their_names(classes, tmp_path):
    place(tmp_path, "objects/SHA256-1")
    (classes / "NORMAL" / "00000001_000.png").symlink_to(tmp_path / "objects" / "SHA256-1")
    (tmp_path / "link").symlink_to(classes)
    assert ("NORMAL", "00000001") in cells(load_dataset(tmp_path / "link"), "label", "patient")


def test_a_folder_without_permission(classes, monkeypatch):
    scandir = os.scandir

    def refuse(folder):
        if Path(folder).name == "NORMAL":
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"cannot read .*NORMAL: permission denied; change its permissions"):
        load_dataset(classes)


# DICOM


def test_dicom_is_known_by_its_content_and_names_its_patients(tmp_path):
    dicom(tmp_path / "NORMAL" / "first", "P1")
    dicom(tmp_path / "NORMAL" / "1.2.840.7", "P1")
    dicom(tmp_path / "PNEUMONIA" / "third.DCM", "P2")
    dicom(tmp_path / "PNEUMONIA" / "fourth.dcm", "ANONYMOUS")
    place(tmp_path, "PNEUMONIA/no-dicom", "PNEUMONIA/broken.dcm")
    manifest = load_dataset(tmp_path)
    assert cells(manifest, "patient") == [
        ("P1",),
        ("P1",),
        ("P2",),
        ("PNEUMONIA/broken.dcm",),
        ("PNEUMONIA/fourth.dcm",),
    ]
    assert "patients by the DICOM PatientID: 2 patients in 3 images" in manifest.notes


@pytest.mark.parametrize(
    "labels",
    [
        "SOPInstanceUID,label\n1.2.1,NORMAL\n1.2.2,COVID\n1.2.3,COVID\n",
        "PatientID;diagnosis\nP1;NORMAL\nP2;COVID\n",
        "file\tclass\na.dcm\tNORMAL\nb\tCOVID\nx/c.dcm\tCOVID\nelsewhere.dcm\tCOVID\n",
    ],
)
def test_labels_for_dicom_from_a_table(tmp_path, labels):
    root = tmp_path / "dicom"
    dicom(root / "a.dcm", "P1", "1.2.1")
    dicom(root / "b.dcm", "P2", "1.2.2")
    dicom(root / "x" / "c.dcm", "P2", "1.2.3")
    manifest = load_dataset(root, labels=table(tmp_path / "labels.csv", labels))
    assert cells(manifest, "label", "patient") == [("COVID", "P2"), ("COVID", "P2"), ("NORMAL", "P1")]


# Labels for a folder


def test_labels_as_the_nih_set_gives_them(tmp_path):
    place(tmp_path, "images/00000001_000.png", "images/00000001_001.png", "images/00000002_000.png")
    text = "Image Index,Finding Labels,Patient ID\n00000001_000.png,Cardiomegaly,1\n00000001_001.png,No Finding,1\n"
    file = table(tmp_path / "entry.csv", f"{text}00000002_000.png,No Finding,2\n00000009_000.png,Mass,9\n")
    manifest = load_dataset(tmp_path / "images", labels=file)
    assert cells(manifest, "label", "patient") == [("Cardiomegaly", "1"), ("No Finding", "1"), ("No Finding", "2")]
    assert manifest.positive == "Cardiomegaly"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,label\nx/a.png,A\nb.png,B\n", r"no row of their own for 1 of 3 images: y/a.png"),
        ("file,label\nx/a.png,A\ny/a.png,B\nb.png,\n", r"1 rows have no label: line 4 \(b.png\)"),
        ("file,label\nb.png,A\nb.png,B\n", r"b.png is 'A' in line 2 and 'B' in line 3"),
        ("name,label\nb.png,A\n", r"has no path column; it has name, label; name one, as in Columns\(path=NAME\)"),
        ("file,kind\nb.png,A\n", r"has no label column; it has file, kind"),
        ("", "cannot be read as a table"),
        ("file,label\n", "has no rows"),
    ],
)
def test_tables_of_labels_that_cannot_be_used_are_refused(tmp_path, text, said):
    place(tmp_path, "images/x/a.png", "images/y/a.png", "images/b.png")
    with pytest.raises(DataError, match=said):
        load_dataset(tmp_path / "images", labels=table(tmp_path / "labels.csv", text))


def test_labels_may_name_images_by_their_absolute_paths(tmp_path):
    place(tmp_path / "images", "x/a.png", "y/a.png")
    lines = (f"{tmp_path / 'images' / name},{label}\n" for name, label in (("x/a.png", "B"), ("y/a.png", "A")))
    file = table(tmp_path / "labels.csv", f"path,label\n{''.join(lines)}")
    manifest = load_dataset(tmp_path / "images", labels=file)
    assert [(path[-7:], label) for path, label in cells(manifest, "path", "label")] == [
        *(("x/a.png", "B"), ("y/a.png", "A")),
    ]


def test_a_file_name_that_two_rows_share_labels_nothing(tmp_path):
    place(tmp_path, "images/a.png", "images/b.png", "images/c.png")
    file = table(tmp_path / "labels.csv", "path,label\nold/x/a.png,A\nold/y/a.png,B\nold/b.png,B\nold/c.png,A\n")
    with pytest.raises(DataError, match=r"no row of their own for 1 of 3 images: a.png"):
        load_dataset(tmp_path / "images", labels=file)
    manifest = load_dataset(tmp_path / "images", labels=file, skip_bad=True)
    assert cells(manifest, "label") == [("A",), ("B",)]


# CSV


def test_a_csv_with_usual_names(tmp_path):
    place(tmp_path, "one/a.png", "two/b.jpeg", "c.bmp")
    rows = f"one/a.png,NORMAL,7,TRAIN,Leeds\n{tmp_path}/two/b.jpeg,PNEUMONIA,8,valid,Leeds\nc.bmp,PNEUMONIA,,,York\n"
    file = table(tmp_path / "data.csv", f"\ufeffImage Index,Label,Patient ID,Dataset_type,hospital\n{rows}")
    manifest = load_dataset(file)
    assert cells(manifest, "label", "patient", "split", "source") == [
        ("NORMAL", "7", "train", "Leeds"),
        ("PNEUMONIA", "8", "val", "Leeds"),
        ("PNEUMONIA", "c.bmp", "", "York"),
    ]
    assert manifest.paths[1] == str(tmp_path / "two" / "b.jpeg")
    assert manifest.notes[0].startswith("columns of data.csv: path from 'Image Index', label from 'Label'")


def test_a_csv_with_named_columns(tmp_path):
    place(tmp_path, "a.png", "b.png")
    file = table(tmp_path / "data.csv", "where,path,what,label,part\na.png,x,NORMAL,1,train\nb.png,y,COVID,1,dev\n")
    manifest = load_dataset(file, columns=Columns(path="where", label="what", split="part"))
    assert cells(manifest, "label", "split") == [("COVID", "val"), ("NORMAL", "train")]


def test_a_column_with_words_that_are_not_splits_is_ignored(tmp_path):
    place(tmp_path, "a.png", "b.png")
    file = table(tmp_path / "data.csv", "path,label,subset\na.png,NORMAL,adults\nb.png,COVID,children\n")
    assert "no split read: in the column 'subset', line 2 (adults), line 3 (children)" in " ".join(
        load_dataset(file).notes
    )
    with pytest.raises(DataError, match="is not train, val or test; write one of these"):
        load_dataset(file, columns=Columns(split="subset"))


def test_a_manifest_is_read_back_with_its_split(classes, tmp_path):
    manifest = split(load_dataset(classes), (0.5, 0.5, 0), seed=3)
    manifest.save(tmp_path / "elsewhere" / "m.csv")
    again = load_dataset(tmp_path / "elsewhere" / "m.csv")
    columns = ["path", "label", "patient", "split"]
    assert again.frame[columns].equals(manifest.frame[columns])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,label\na.png,NORMAL\nb.png,\n", r"1 rows have no label: line 3 \(b.png\); fill it in"),
        ("path,label\na.png,NORMAL\n,COVID\n", r"1 rows have no path"),
        ("path,label\na.png,NORMAL\nno.png,COVID\n", r"1 rows name a file that does not exist: line 3 \(no.png\)"),
        ("path,label\na.png,NORMAL\nb.gif,COVID\n", r"1 rows name a file that is not JPEG, .* \(b.gif\)"),
        ('path,label\na.png,NORMAL\n"b\nc.png",COVID\n', r"control character in their path: line 3 \('b\\nc.png'\)"),
    ],
)
def test_rows_that_cannot_be_used(tmp_path, text, said):
    place(tmp_path, "a.png", "b.png", "c.png", "b.gif")
    file = table(tmp_path / "data.csv", text)
    with pytest.raises(DataError, match=said):
        load_dataset(file)
    table(file, f"{text}c.png,COVID\n")
    manifest = load_dataset(file, skip_bad=True)
    assert cells(manifest, "label") == [("COVID",), ("NORMAL",)]
    assert any(note.endswith("; left out") for note in manifest.notes)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (Columns(label="lable"), "has no column 'lable' for the label; did you mean label?"),
        (Columns(path="zebra"), "has no column 'zebra' for the path; known: path, label"),
    ],
)
def test_columns_that_are_missing(tmp_path, columns, said):
    file = table(tmp_path / "data.csv", "path,label\na.png,NORMAL\n")
    with pytest.raises(DataError, match=said.replace("?", r"\?")):
        load_dataset(file, columns=columns)


def test_arguments_that_do_not_apply_to_the_data_are_refused(classes, tmp_path):
    file = table(tmp_path / "data.csv", "path,label\ndata/NORMAL/a.png,NORMAL\n")
    with pytest.raises(DataError, match=r"columns apply to a CSV, but .* is a folder"):
        load_dataset(classes, columns=Columns(label="x"))
    with pytest.raises(DataError, match="labels apply to a folder"):
        load_dataset(file, labels=file)


def test_a_csv_that_is_not_utf_8(tmp_path):
    (tmp_path / "data.csv").write_bytes("path,label\nö.png,NORMAL\n".encode("latin-1"))
    with pytest.raises(DataError, match="save it as a CSV in UTF-8"):
        load_dataset(tmp_path / "data.csv")


# MedMNIST


def archive(path, count=3, **changes):
    arrays = {}
    for part in ("train", "val", "test"):
        arrays[f"{part}_images"] = np.zeros((count, 28, 28), np.uint8)
        arrays[f"{part}_labels"] = (np.arange(count, dtype=np.uint8) % 2)[:, None]
    np.savez(path, **{**arrays, **changes})
    return path


def test_a_medmnist_archive(tmp_path):
    manifest = load_dataset(archive(tmp_path / "pneumoniamnist_64.npz"))
    assert manifest.classes == ("NORMAL", "PNEUMONIA")
    assert manifest.counts().loc["NORMAL"].to_dict() == {"train": 2, "val": 2, "test": 2, "total": 6}
    assert manifest.paths[4] == f"{tmp_path}/pneumoniamnist_64.npz#val/1"
    assert manifest.frame["patient"].is_unique
    assert "so a patient may be in two splits unnoticed" in manifest.notes[-1]
    assert load_dataset(archive(tmp_path / "other.npz")).classes == ("0", "1")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"val_labels": np.zeros((2, 1), np.uint8)}, "3 val_images but 2 val_labels"),
        ({"val_labels": np.zeros((3, 14), np.uint8)}, "one label per image"),
        ({"val_labels": np.array([{}, {}, {}])}, "cannot be read as an .npz archive"),
        ({"test_images": np.zeros((3, 28), np.uint8)}, "test_images"),
    ],
)
def test_archives_of_another_layout_are_refused(tmp_path, changes, said):
    with pytest.raises(DataError, match=said):
        load_dataset(archive(tmp_path / "x.npz", **changes))


def test_files_that_are_not_an_archive_are_refused(tmp_path):
    place(tmp_path, "x.npz")
    with pytest.raises(DataError, match=r"cannot be read as an .npz archive"):
        load_dataset(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", a=np.zeros(3))
    with pytest.raises(DataError, match=r"x.npz contains a; give a MedMNIST archive, with train_images"):
        load_dataset(tmp_path / "x.npz")


# Patterns


@pytest.fixture
def hospitals(tmp_path):
    for name in ("leeds", "york"):
        for label in ("NORMAL", "COVID"):
            dicom(tmp_path / name / label / "1.dcm", "17")
    return place(tmp_path, "readme.txt", "__MACOSX/x.png")


def test_a_pattern_pools_data_sets_and_keeps_their_patients_apart(hospitals):
    table(hospitals / "hull.csv", "path,label,patient\npictures/a.png,COVID,99\n")
    place(hospitals, "pictures/a.png")
    manifest = load_dataset(hospitals / "[lyr]*")
    assert cells(manifest, "source", "label", "patient") == [
        ("leeds", "COVID", "leeds:17"),
        ("leeds", "NORMAL", "leeds:17"),
        ("york", "COVID", "york:17"),
        ("york", "NORMAL", "york:17"),
    ]
    assert manifest.root == hospitals
    assert "1 matches of other kinds left out: readme.txt" in manifest.notes
    assert ("hull", "COVID", "99") in cells(load_dataset(hospitals / "[lh]*"), "source", "label", "patient")


@pytest.mark.parametrize("pattern", ["data/*", "data/[NP]*", "data/*/", "data/**", "data/*/*.png"])
def test_a_pattern_of_classes_splits_or_images(tmp_path, pattern):
    place(tmp_path, "data/NORMAL/a.png", "data/PNEUMONIA/b.png")
    manifest = load_dataset(tmp_path / pattern)
    assert cells(manifest, "label", "source", "split") == [("NORMAL", "", ""), ("PNEUMONIA", "", "")]


@pytest.mark.parametrize("pattern", ["t*", "*/*", "*/*/*.png"])
def test_a_pattern_keeps_splits(tmp_path, pattern):
    place(tmp_path, "train/NORMAL/a.png", "train/PNEUMONIA/b.png", "test/NORMAL/c.png", "test/PNEUMONIA/d.png")
    assert cells(load_dataset(tmp_path / pattern), "split", "label") == [
        (name, label) for name in ("test", "train") for label in ("NORMAL", "PNEUMONIA")
    ]


def test_a_folder_with_brackets_in_its_name_is_not_a_pattern(tmp_path):
    place(tmp_path, "set[1]/NORMAL/a.png", "set[1]/PNEUMONIA/b.png")
    assert len(load_dataset(tmp_path / "set[1]")) == 2


# Images to predict


def test_list_of_images(classes, tmp_path):
    dicom(tmp_path / "scan", "P1")
    held = archive(tmp_path / "x.npz")
    given = [classes / "PNEUMONIA", tmp_path / "scan", f"{held}#val/2", classes / "*" / "*.png", classes / "PNEUMONIA"]
    names = ["PNEUMONIA/c.webp", "PNEUMONIA/deep/er/d.tif", "../scan", "../x.npz#val/2", "NORMAL/a.png"]
    assert list(ImageList.find(given)) == [os.path.normpath(classes / name) for name in names]
    assert len(list(ImageList.find([held]))) == 9


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("no.png", "there is no .*no.png"),
        ("notes.txt", "notes.txt is not an image; give JPEG"),
        ("empty", "contains no images"),
        ("*.gif", "nothing matches"),
        ("x.npz#val/7", r"x.npz#val/7: no such row; .* has train/0 to test/2"),
    ],
)
def test_files_that_are_not_images_are_refused(tmp_path, given, said):
    place(tmp_path, "notes.txt", "empty/list.txt")
    archive(tmp_path / "x.npz")
    with pytest.raises(DataError, match=said):
        ImageList.find([tmp_path / given])
    with pytest.raises(DataError, match="no images given"):
        ImageList.find([])


# Data at hand


@shared
def test_the_shared_kermany_set():
    manifest = load_dataset(SHARED / "chest-xray-224")
    assert manifest.counts()["train"].to_dict() == {"NORMAL": 1341, "PNEUMONIA": 3875}
    assert "patients by the Kermany file-name rule: 2,846 patients in 5,216 images" in manifest.notes


@shared
def test_the_shared_covid_set_mixes_two_collections():
    manifest = load_dataset(SHARED / "covid-512")
    assert manifest.counts()["total"].to_dict() == {"Covid-19": 48, "No_findings": 216, "Pneumonia": 200}
    assert "patients by the NIH file-name rule: 276 patients in 416 images of No_findings, Pneumonia" in manifest.notes
    assert any(note.startswith("patients are not known for 48 images of Covid-19") for note in manifest.notes)


@shared
def test_the_shared_archive():
    manifest = load_dataset(SHARED / "pneumoniamnist-dev.npz")
    assert manifest.frame["split"].value_counts().to_dict() == {"train": 3358, "val": 524, "test": 524}
    assert isinstance(manifest, Manifest)
