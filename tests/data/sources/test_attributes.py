"""Columns beyond chestnut's own, such as age and sex: which are kept, and where they come from."""

import pytest

from chestnut.data.attributes import MOST_ATTRIBUTES
from chestnut.data.manifest import COLUMNS, Manifest
from chestnut.data.sources.load import load_dataset
from chestnut.data.split import split
from chestnut.errors import DataError


def rows(number=8, **columns):
    """Rows of images of as many patients, with further columns given as functions of the number of the row."""
    frame = [
        {"path": f"{k}.png", "label": ("NORMAL", "COVID")[k % 2], "patient": f"p{k}"}
        | {name: cell(k) for name, cell in columns.items()}
        for k in range(number)
    ]
    return frame


def write(folder, listed):
    """Write rows as a CSV with its images, which are empty files."""
    for row in listed:
        (folder / row["path"]).touch()
    lines = [",".join(listed[0]), *(",".join(map(str, row.values())) for row in listed)]
    (folder / "data.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "data.csv"


def sex(k):
    return "MF"[k % 3 == 0]


def test_a_table_keeps_numbers_and_texts_that_describe_groups(tmp_path):
    file = write(tmp_path, rows(Sex=sex, Age=lambda k: 20 + k, site=lambda k: "AB"[k // 4], self=lambda k: "x"))
    manifest = load_dataset(file)
    assert manifest.attributes == ("Sex", "Age", "self") and set(manifest.frame["source"]) == {"A", "B"}
    assert list(manifest.frame) == [*COLUMNS, "Sex", "Age", "self"]
    assert manifest.frame["Age"].tolist() == [str(20 + k) for k in range(8)]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("surname", lambda k: f"Smith{k}"),  # as many as patients
        ("half", lambda k: f"ward {k % 5}"),  # more than half as many
        ("remark", lambda k: "long" * 60),
        ("empty", lambda k: ("", "NA")[k % 2]),
        ("Unnamed: 0", lambda k: k),
        ("", lambda k: k),
        ("fold", lambda k: k % 2),
        ("SHA256", lambda k: k % 2),
        ("x" * 61, lambda k: k % 2),
        ("a\x1bb", lambda k: k % 2),
        ("unsafe", lambda k: "a\x1b[31m"),
    ],
)
def test_what_does_not_describe_groups_or_names_a_person_is_not_kept(tmp_path, name, cell):
    assert load_dataset(write(tmp_path, rows(**{name: cell}))).attributes == ()


def test_so_many_attributes_are_kept_and_no_more(tmp_path):
    file = write(tmp_path, rows(**{f"c{number}": sex for number in range(200)}))
    assert load_dataset(file).attributes == tuple(f"c{number}" for number in range(MOST_ATTRIBUTES))


def test_attributes_are_saved_and_read_divided_and_taken(tmp_path):
    manifest = split(load_dataset(write(tmp_path, rows(40, sex=sex, age=lambda k: k))), seed=1)
    manifest.save(tmp_path / "split.csv")
    again = load_dataset(tmp_path / "split.csv")
    assert again.frame[["sex", "age"]].equals(manifest.frame[["sex", "age"]])
    parsed = Manifest.read(tmp_path / "split.csv", manifest.facts())
    assert parsed.frame.equals(manifest.frame)
    assert parsed.only("test").attributes == ("sex", "age")


def test_a_manifest_without_attributes_is_read_as_before(tmp_path):
    manifest = load_dataset(write(tmp_path, rows()))
    text = manifest.to_csv(tmp_path).replace(",copy_of", "").replace(",\n", "\n")
    (tmp_path / "old.csv").write_text(text)
    old = Manifest.read(tmp_path / "old.csv", manifest.facts())
    assert old.attributes == () and list(old.frame) == list(COLUMNS)


def write_dicom(path, patient, **elements):
    import pydicom
    from pydicom.dataset import FileMetaDataset

    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = pydicom.Dataset()
    for name, value in {"PatientID": patient, "SOPInstanceUID": f"1.2.{patient}", **elements}.items():
        setattr(dataset, name, value)
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    dataset.save_as(path, enforce_file_format=True)


@pytest.fixture
def scans(tmp_path):
    """Eight DICOM files of as many patients."""
    for k in range(8):
        told = {"PatientSex": sex(k), "PatientAge": ("045Y", "006M", "")[k % 3], "ViewPosition": "PA"}
        named = {"PatientName": f"Name^{k}", "Manufacturer": "Maker", "ManufacturerModelName": f"X{k % 2}"}
        write_dicom(tmp_path / "scans" / ("NORMAL", "COVID")[k % 2] / f"{k}.dcm", str(k), **told, **named)
    return tmp_path / "scans"


def test_dicom_headers_tell_sex_age_view_and_scanner_and_not_the_name(scans):
    manifest = load_dataset(scans)
    assert manifest.attributes == ("sex", "age", "view", "manufacturer", "model")
    told = manifest.frame.set_index("patient").loc[["0", "1", "2"], ["sex", "age", "view", "model"]]
    assert told.to_numpy().tolist() == [["F", "45", "PA", "X0"], ["M", "0.5", "PA", "X1"], ["M", "", "PA", "X0"]]
    assert "Name" not in manifest.to_csv(scans)


def test_a_table_says_more_than_a_header_and_goes_before_it(scans, tmp_path):
    lines = ["path,finding,SEX,smoker", *(f"{k}.dcm,{'AB'[k % 2]},{'unknown' if k else ''},{k % 2}" for k in range(8))]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    manifest = load_dataset(scans, labels=tmp_path / "labels.csv")
    frame = manifest.frame.set_index("patient")
    assert {"SEX", "smoker", "age", "model"} <= set(manifest.attributes)
    assert frame.loc["3", "SEX"] == "unknown" and frame.loc["3", "smoker"] == "1" and frame.loc["3", "age"] == "45"


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_a_header_with_a_hostile_element_tells_nothing_that_could_steer_a_terminal(tmp_path):
    for k in range(8):
        told = {"ViewPosition": "PA\x1b[3", "PatientAge": "999Q"}
        write_dicom(tmp_path / ("NORMAL", "COVID")[k % 2] / f"{k}.dcm", str(k), **told)
    manifest = load_dataset(tmp_path)
    assert manifest.attributes == ("view",) and set(manifest.frame["view"]) == {"PA\\x1b[3"}


def test_a_table_of_attributes_in_the_folder_tells_of_its_images(tmp_path):
    for k in range(8):
        path = tmp_path / ("NORMAL", "COVID")[k % 2] / f"{k}.png"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "_attributes.csv").write_text("file,sex\n" + "".join(f"{k}.png,{sex(k)}\n" for k in range(8)))
    manifest = load_dataset(tmp_path)
    assert manifest.attributes == ("sex",) and manifest.notes[-1] == "attributes of the images: sex"
    assert manifest.frame.set_index("path")["sex"][str(tmp_path / "COVID" / "3.png")] == "F"
    (tmp_path / "_attributes.csv").write_text("file,sex\nelsewhere.png,F\n")
    with pytest.raises(DataError, match=r"_attributes\.csv has none of the 8 images"):
        load_dataset(tmp_path)
