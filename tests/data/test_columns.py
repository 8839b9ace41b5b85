"""Columns by which images can be grouped: names as users write them, and what files tell."""

import numpy as np
import pytest
from PIL import Image

from chestnut.data.columns import find_columns, known_columns, read_columns
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError


@pytest.fixture
def manifest(tmp_path):
    """Six images of two sizes and two formats, one of which is missing."""
    rows = []
    for number in range(6):
        path = tmp_path / f"{number}.{('png', 'bmp')[number % 2]}"
        if number < 5:
            Image.fromarray(np.zeros((100, (100, 200)[number % 2]), np.uint8)).save(path)
        told = {"Sex": "FM"[number % 2], "patient age": str(number), "source": "A" * (number > 2)}
        rows.append({"path": str(path), "label": "AB"[number % 2], "patient": str(number), **told})
    return Manifest.build(rows, tmp_path)


def test_columns_are_found_however_they_are_written_and_each_once(manifest):
    assert known_columns(manifest) == ("Sex", "patient age", "source", "format", "megapixels")
    assert find_columns(manifest, ["sex", "SEX", "Patient Age", "site", "Format"]) == (
        *("Sex", "patient age", "source", "format"),
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sexx", r"by=sexx: the images have no such column; did you mean sex\? there are Sex, patient age, source, "),
        ("label", r"by=label: the images have no such column; there are Sex, patient age, source, format, megapixels"),
        ("", r"by=: the images have no such column; there are Sex"),
        ("path", r"no such column"),
    ],
)
def test_an_unknown_column_is_told_with_those_that_there_are(manifest, name, said):
    with pytest.raises(DataError, match=said):
        find_columns(manifest, [name])


def test_a_source_that_no_image_has_is_no_column(manifest):
    bare = manifest.with_column("source", [""] * 6)
    with pytest.raises(DataError, match="by=site"):
        find_columns(bare, ["site"])


def test_files_tell_their_format_and_size_and_an_unreadable_one_nothing(manifest):
    found = read_columns(manifest, ("megapixels", "Sex", "format"))
    assert list(found) == ["megapixels", "Sex", "format"]
    assert found["format"] == ["PNG", "BMP", "PNG", "BMP", "PNG", ""]
    assert found["megapixels"] == ["0.01", "0.02", "0.01", "0.02", "0.01", ""]


def test_a_column_of_the_table_goes_before_what_files_tell(manifest):
    rows = manifest.frame.assign(format="film").drop(columns=["Sex"])
    made = Manifest.build(rows, manifest.root)
    assert known_columns(made).count("format") == 1
    assert set(read_columns(made, ("format",))["format"]) == {"film"}
