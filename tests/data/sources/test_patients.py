import pytest

from chestnut.data.sources.patients import RULES, identify
from chestnut.data.sources.record import Image
from chestnut.errors import DataError


def images(*names, split="", label="A"):
    return [Image(f"/data/{name}", name, label, split=split) for name in names]


@pytest.mark.parametrize(
    ("name", "rule", "patient"),
    [
        ("person23_bacteria_78.jpeg", "Kermany", "person23"),
        ("person447_virus_921_1.jpeg", "Kermany", "person447"),
        ("IM-0115-0001.jpeg", "Kermany", "IM-0115"),
        ("IM-0640-0001-0002.jpeg", "Kermany", "IM-0640"),
        ("NORMAL2-IM-0381-0001.jpeg", "Kermany", "NORMAL2-IM-0381"),
        ("NORMAL2-IM-1152-0001-0001.jpeg", "Kermany", "NORMAL2-IM-1152"),
        ("BACTERIA-1008087-0001.jpeg", "Kermany version 3", "1008087"),
        ("00001280_004.png", "NIH", "00001280"),
        ("phantom-0007_1.jpeg", "phantom", "phantom-0007"),
        ("phantom-0007_1", "phantom", "phantom-0007"),
        ("1-s2.0-S1684118220300608-main.pdf-001.jpg", None, "1-s2.0-S1684118220300608-main.pdf-001.jpg"),
        ("person23_bacteria.jpeg", None, "person23_bacteria.jpeg"),
        ("deep/er/280_004.png", None, "deep/er/280_004.png"),
    ],
)
def test_file_names_and_their_rules(name, rule, patient):
    patients, notes = identify(images(name))
    assert patients == [patient]
    assert (f"by the {rule} file-name rule: 1 patients in 1 images" if rule else "not known") in notes[0]


def test_no_name_matches_two_rules():
    names = ["person1_virus_2", "IM-1-1", "NORMAL2-IM-1-1", "NORMAL-1-0001", "00000001_000", "phantom-1_1"]
    assert [sum(bool(rule.fullmatch(name)) for rule in RULES.values()) for name in names] == [1] * len(names)


def kermany(**splits):
    return [image for split, names in splits.items() for image in images(*names, split=split)]


def test_within_a_split_bacteria_and_virus_are_one_person():
    patients, _ = identify(kermany(train=["person1_bacteria_1.jpeg", "person1_virus_2.jpeg"]))
    assert patients == ["person1", "person1"]


@pytest.mark.parametrize(
    ("train", "val", "test", "expected"),
    [
        (["bacteria"], [], ["bacteria"], ["person1"] * 2),
        (["bacteria"], [], ["virus"], ["person1_bacteria", "person1_virus"]),
        (["bacteria", "virus"], [], ["virus"], ["person1"] * 3),
        (["bacteria"], ["virus"], ["bacteria", "virus"], ["person1"] * 4),
        (["bacteria"], ["virus"], ["bacteria"], ["person1_bacteria", "person1_virus", "person1_bacteria"]),
    ],
)
def test_across_splits_the_kind_must_agree(train, val, test, expected):
    parts = {"train": train, "val": val, "test": test}
    named = {part: [f"person1_{kind}_{row}.jpeg" for row, kind in enumerate(kinds)] for part, kinds in parts.items()}
    assert identify(kermany(**named))[0] == expected


def test_kinds_of_one_component_are_joined_in_its_name():
    rows = kermany(train=["person1_bacteria_1.jpeg", "person1_virus_2.jpeg"], test=["person2_virus_1.jpeg"])
    odd = images("person1_virus_3.jpeg", split="test")
    assert identify(rows + odd)[0] == ["person1", "person1", "person2", "person1"]
    # two kinds are all there are, so that a person's components are one of both or one of each
    assert (
        identify(kermany(train=["person1_bacteria_1.jpeg"], val=["person1_virus_1.jpeg"]))[0][0] == "person1_bacteria"
    )


def test_each_class_says_its_rule():
    rows = images("a.png", "b.png", label="COVID") + images("00000001_000.png", "00000001_001.png", label="NORMAL")
    patients, notes = identify(rows)
    assert patients == ["a.png", "b.png", "00000001", "00000001"]
    assert notes[0].startswith("patients are not known for 2 images of COVID: each counts as a patient of its own")
    assert notes[1] == "patients by the NIH file-name rule: 1 patients in 2 images of NORMAL"


def test_columns_and_headers_come_before_names():
    row = images("00000001_000.png")[0]
    rows = [row._replace(patient="9", origin="column"), row._replace(patient="8", origin="DICOM")]
    patients, notes = identify(rows)
    assert patients == ["9", "8"]
    assert [note.partition(":")[0] for note in notes] == [
        "patients by the patient column",
        "patients by the DICOM PatientID",
    ]


def test_equal_identities_of_different_numberings_are_distinguished():
    nih = images("00000001_000.png")[0]
    column = images("x.png")[0]._replace(patient="00000001", origin="column")
    pooled = [column._replace(patient="7", origin=f"column@{name}") for name in ("leeds", "york")]
    patients, notes = identify([nih, column, *pooled, pooled[0]._replace(patient="6")])
    assert patients == ["NIH:00000001", "column:00000001", "leeds:7", "york:7", "6"]
    assert "patients by the patient column of leeds: 2 patients in 2 images" in notes


@pytest.mark.parametrize(
    ("regex", "patient"), [(r"^(\d+)_", "12"), (r"(x)?(^|/)p(?P<patient>\d+)/", "77"), (r"case(\d+)", "5")]
)
def test_a_pattern_overrides_all_else(regex, patient):
    row = Image("/data/p77/case5/12_3.png", "p77/case5/12_3.png", "A", patient="9", origin="column")
    patients, notes = identify([row], regex)
    assert patients == [patient]
    assert notes == ("patients by the given pattern: 1 patients in 1 images",)


@pytest.mark.parametrize(
    ("regex", "said"),
    [
        ("(", r"'\(' is not a regular expression: missing \)"),
        (r"\d+", "has no group; put the patient in parentheses"),
        (r"^(\d+)_", r"does not match 2 of 3 images: a.png, b.png; widen it"),
        (r"(\d*)", "does not match 2 of 3 images"),
    ],
)
def test_patterns_that_do_not_match_are_refused(regex, said):
    with pytest.raises(DataError, match=said):
        identify(images("1_a.png", "a.png", "b.png"), regex)
