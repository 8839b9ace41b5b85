"""Attributes from a table of its own, for images that are known already."""

import pytest

from chestnut.data.manifest import Manifest
from chestnut.data.sources.attach import attach_attributes
from chestnut.errors import DataError


@pytest.fixture
def manifest(tmp_path):
    """Eight images of four patients, two of whose files have the same name."""
    rows = [
        {
            "path": str(tmp_path / "AB"[k % 2] / f"{k % 7}.png"),
            "label": "AB"[k % 2],
            "patient": f"p{k // 2}",
            "sex": "F",
        }
        for k in range(8)
    ]
    return Manifest.build(rows, tmp_path)


def attach(manifest, tmp_path, *lines):
    (tmp_path / "told.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return attach_attributes(manifest, tmp_path / "told.csv")


def test_rows_are_found_by_path_name_or_stem_and_a_shared_name_is_nobodys(manifest, tmp_path):
    lines = [f"{tmp_path}/B/1.png,31", "A/2.png,32", "3.png,33", "4,34", "0.png,30", "elsewhere.png,99"]
    told = attach(manifest, tmp_path, "path,age", *lines)
    assert told.frame["age"].tolist() == ["", "31", "32", "33", "34", "", "", ""]  # two files are called 0.png
    assert told.attributes == ("sex", "age") and told.paths == manifest.paths


def test_a_table_of_patients_tells_of_all_their_images(manifest, tmp_path):
    told = attach(manifest, tmp_path, "patient,age,hospital", "p0,40,X", "p2,70,Y")
    assert told.frame["age"].tolist() == ["40", "40", "", "", "70", "70", "", ""]
    assert told.frame["source"].tolist() == ["X", "X", "", "", "Y", "Y", "", ""]


def test_rows_of_a_patient_that_differ_tell_nothing(manifest, tmp_path):
    told = attach(manifest, tmp_path, "patient,age", "p0,40", "p0,41", "p1,50", "p1,50")
    assert told.frame["age"].tolist() == ["", "", "50", "50", "", "", "", ""]


def test_a_column_of_the_same_name_is_replaced(manifest, tmp_path):
    told = attach(manifest, tmp_path, "patient,Sex", *(f"p{k},{'MF'[k % 2]}" for k in range(4)))
    assert told.attributes == ("Sex",) and told.frame["Sex"].tolist() == list("MMFFMMFF")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("name,age", "0.png,4"), "has no path column; it has name, age"),
        (("path,age", "x.png,4"), "has none of the 8 images; name them by path, file name or patient"),
        (("path,remark", *(f"{k}.png,text {k}" for k in range(6))), "no column that describes groups of images"),
        (("path", "1.png"), "no column that describes groups of images; it has path"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line(manifest, tmp_path, lines, said):
    with pytest.raises(DataError, match=said):
        attach(manifest, tmp_path, *lines)
