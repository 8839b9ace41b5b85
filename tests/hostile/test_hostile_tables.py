"""Hostile tables of images and labels, and hostile names: refused with a reason, or read and written back the same."""

import os
import re
import socket

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from chestnut.data.manifest import Manifest
from chestnut.data.sources.image_list import ImageList
from chestnut.data.sources.load import load_dataset
from chestnut.errors import DataError
from measuring import MB, run_chestnut, run_each

HEAD = b"path,label,patient\n"
ROWS = b"a.png,NORMAL,1\nb.png,COVID,2\n"


@pytest.fixture
def folder(tmp_path):
    for name in "ab":
        Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / f"{name}.png")
    return tmp_path


#: What stands in a table of each kind, and what is said of it.
REFUSED = {
    "empty": (b"", "No columns"),
    "heading only": (HEAD, "no rows below its heading"),
    "columns": (b"path,label" + b",x" * 1_000_000 + b"\n" + ROWS, "the first line has more than 200,000 bytes"),
    "more columns": (b"path,label" + b",x" * 6_000 + b"\n" + ROWS, "6,002 columns, more than the limit of 5,000"),
    "long line": (b"x" * 3_000_000, "the first line has more than 200,000 bytes"),
    "long label": (
        HEAD + b"a.png," + b"x" * 10**6 + b",1\n" + ROWS,
        "line 2 has 1,000,000 characters in the column la",
    ),
    "long path": (HEAD + ROWS + b"x" * 10**6 + b",NORMAL,1\n", "line 4 has 1,000,000 characters in the column path"),
    "number of many digits": (HEAD + b"a.png," + b"9" * 5_000 + b",1\n" + ROWS, "line 2 has 5,000 characters"),
    "class of many digits": (HEAD + b"a.png," + b"9" * 3_000 + b",1\nb.png,A,2\n", "it has 3,000 characters, of 200"),
    "zero bytes": (HEAD + b"a.png,NOR\0MAL,1\n" + ROWS, "zero bytes"),
    "UTF-16": (
        (HEAD + ROWS).decode().encode("utf-16"),
        "zero bytes, as text in UTF-16 does; save it as",
    ),
    "Latin 1": (HEAD + "a.png,pneumothoräx,1\n".encode("latin-1"), "in UTF-8"),
    "open quote": (HEAD + b'"a.png,NORMAL,1\n' + ROWS, "cannot be read as a table"),
    "missing label": (HEAD + b"a.png,NaN,1\n" + ROWS, r"1 rows have no label: line 2 \(a.png\)"),
    "missing labels": (HEAD + b"a.png,N/A,1\nb.png,<NA>,1\n" + ROWS, "2 rows have no label"),
    "end of line in a label": (HEAD + b'a.png,"NOR\nMAL",1\nb.png,A,2\n', "control character"),
    "end of line in a path": (HEAD + b'"a\n.png",NORMAL,1\n' + ROWS, "have a control character in their path"),
    "long path of folders": (HEAD + b"x/" * 1_900 + b"a.png,NORMAL,1\n" + ROWS, "a file that does not exist"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_with_its_reason(folder, kind):
    content, said = REFUSED[kind]
    (folder / "data.csv").write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        load_dataset(folder / "data.csv")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 20_000


def test_a_mark_of_byte_order_old_ends_of_line_and_headings_of_equal_names_are_read(folder):
    for content in (
        b"\xef\xbb\xbf" + HEAD + ROWS,
        (HEAD + ROWS).replace(b"\n", b"\r"),
        (HEAD + ROWS).replace(b",", b";"),
    ):
        (folder / "data.csv").write_bytes(content)
        assert list(load_dataset(folder / "data.csv").frame["label"]) == ["NORMAL", "COVID"]
    (folder / "data.csv").write_bytes(b"path,label,label ,label\na.png,NORMAL,x,y\nb.png,COVID,x,y\n")
    assert list(load_dataset(folder / "data.csv").frame["label"]) == ["NORMAL", "COVID"]


def test_a_missing_patient_is_not_a_patient(folder):
    (folder / "data.csv").write_bytes(HEAD + b"a.png,NORMAL,nan\nb.png,COVID,NaN\n")
    manifest = load_dataset(folder / "data.csv")
    assert manifest.frame["patient"].is_unique
    assert "patients are not known for 2 images" in manifest.notes[-1]


def test_rows_beyond_the_limit_are_refused(folder, monkeypatch):
    monkeypatch.setattr("chestnut.data.sources.table.MOST_ROWS", 1)
    (folder / "data.csv").write_bytes(HEAD + ROWS)
    with pytest.raises(DataError, match="has more than 1 rows, the limit; divide it"):
        load_dataset(folder / "data.csv")


def special(path, kind):
    """Make a file that is none: a pipe that nobody writes, a socket, a device, or a link to one."""
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            os.chdir(path.parent)  # the path of a socket is short
            made.bind(path.name)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    else:
        os.mkfifo(path)
    return path


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "loop"])
def test_what_is_no_file_is_never_waited_for(folder, kind, monkeypatch):
    monkeypatch.chdir(folder)
    for name in ("data.csv", "data.npz", "data"):
        place = special(folder / name, kind)
        for read in (load_dataset, lambda path: ImageList.find([path])):
            with pytest.raises(DataError):
                read(place)
        place.unlink()
    (folder / "NORMAL").mkdir()
    (folder / "COVID").mkdir()
    for name in ("NORMAL", "COVID"):
        (folder / "a.png").rename(folder / name / "x.png")
        (folder / "b.png").rename(folder / "a.png") if name == "NORMAL" else None
    (folder / "x.png").mkdir()
    for ending in ("", ".dcm", ".csv"):
        special(folder / "NORMAL" / f"odd{ending}", kind)
    if kind == "loop":
        with pytest.raises(DataError, match=r"symbolic link loop|does not exist"):
            load_dataset(folder)
    else:
        with pytest.raises(DataError, match="a link to a file that does not exist"):
            load_dataset(folder)
        assert len(load_dataset(folder, skip_bad=True)) == 2


def test_folders_in_folders_end_somewhere(folder):
    inner = "d/" * 60
    (folder / inner).mkdir(parents=True)
    with pytest.raises(DataError, match="is more than 50 folders deep; give a folder with fewer levels"):
        ImageList.find([folder / "d"])


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_text_are_refused_by_name(folder, monkeypatch):
    odd = os.fsdecode(os.fsencode(folder) + b"/\xff\xfe\n")
    os.mkdir(odd)  # noqa: PTH102 -- as bytes came in
    (folder / "a.png").rename(f"{odd}/a.png")
    with pytest.raises(DataError, match=r"\\udcff\\udcfe\\n"):
        ImageList.find([str(folder / "*" / "*.png")])
    with pytest.raises(DataError, match="the name has a control character or bytes that are not UTF-8"):
        load_dataset(folder)
    monkeypatch.chdir(odd)
    with pytest.raises(DataError, match=r"is in the folder .*, whose name has a control character"):
        ImageList.find(["a.png"])


def test_a_tilde_that_names_no_user_is_a_name(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "a.png").rename(folder / "~nobody-of-that-name.png")
    assert list(ImageList.find(["~nobody-of-that-name.png"])) == [str(folder / "~nobody-of-that-name.png")]


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=12)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(patients=st.lists(TEXT, min_size=2, max_size=4), source=TEXT)
@example(patients=["\r", "a\rb"], source="a\r\nb")
def test_manifests_are_read_back_as_written(tmp_path_factory, patients, source):
    folder = tmp_path_factory.mktemp("manifest")
    rows = [
        {"path": f"/x/{number}.png", "label": "ab"[number % 2], "patient": patient, "source": source}
        for number, patient in enumerate(patients)
    ]
    manifest = Manifest.build(rows, folder)
    manifest.save(folder / "manifest.csv")
    read = Manifest.read(folder / "manifest.csv", manifest.facts())
    assert read.frame.equals(manifest.frame)


@pytest.mark.slow
def test_memory(folder):
    kinds = {
        "many columns": (HEAD + ROWS[:-1] + b",x" * 10**6, "cannot be read as a table", 30),
        "long line": (HEAD + b"a" * (50 * MB), "has 50,000,000 characters", 200),
        "many rows": (HEAD + b"a.png,NORMAL,1\n" * 2_500_000, "more than 2,000,000 rows", 200),
        "many cells": (
            b"path,label" + b",x" * 4_000 + b"\n" + (b"a.png,A" + b",x" * 4_000 + b"\n") * 500,
            "one class",
            75,
        ),
    }
    for kind, (content, _, _) in kinds.items():
        (folder / f"{kind}.csv").write_bytes(content)
    setup = (
        "import pandas\nfrom chestnut.data.sources.load import load_dataset\nfrom chestnut.errors import DataError\n"
        "pandas.DataFrame({'a': ['b']}).to_csv()"
    )
    look = "try:\n    load_dataset({!r})\nexcept DataError as error:\n    print(error)"
    found = run_each(setup, {kind: look.format(str(folder / f"{kind}.csv")) for kind in kinds})
    for kind, (_, said, most) in kinds.items():
        assert said in found[kind].out, (kind, found[kind].err)
        assert found[kind].peak - found[""].peak < most * MB, kind


@pytest.mark.slow
def test_the_command_line_names_them_in_one_line(folder):
    (folder / "data.csv").write_bytes(REFUSED["zero bytes"][0])
    ended = run_chestnut("audit", str(folder / "data.csv"))
    assert ended.status == 2
    assert re.fullmatch(r"chestnut: .*zero bytes.*\n|.*zero bytes.*\n", ended.err), ended.err
