"""Hostile image files: each kind is refused with its reason, within a bound on memory, or decoded within another."""

import re
import threading
import time
from pathlib import Path

import pytest

from chestnut.config import InputSpec
from chestnut.data.decoding import limits
from chestnut.data.decoding.decode import decode
from chestnut.data.decoding.headers import read_facts
from hostile_images import ACCEPTED, GREY, REFUSED, black_png, dataset, dicom, webp
from measuring import MB, run_each

#: What a refusal may take, beside three times the size of the file.
REFUSAL = 60 * MB

SETUP = """
import cv2, pydicom.pixels
from chestnut.config import InputSpec
from chestnut.data.decoding.decode import decode
from chestnut.data.decoding.headers import read_facts
from chestnut.data.sources.dicom_header import read_headers
from chestnut.data.sources.record import Image
from chestnut.errors import ImageError

def look(path):
    read_facts([path])
    read_headers([Image(path, path)])
    try:
        print("decoded", decode(path, InputSpec(height=64, width=64)).shape)
    except ImageError as error:
        print(error)
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    sizes = {}
    for kind, (make, _) in (REFUSED | ACCEPTED).items():
        data = make()
        sizes[kind] = len(data)
        (folder / kind).write_bytes(data)
    found = run_each(SETUP, {kind: f"look({str(folder / kind)!r})" for kind in sizes})
    return {kind: (found[kind], found[kind].peak - found[""].peak, size) for kind, size in sizes.items()}


@pytest.mark.slow
@pytest.mark.parametrize("kind", REFUSED)
def test_refused_before_memory_is_taken(measured, kind):
    child, peak, size = measured[kind]
    assert re.search(REFUSED[kind][1], child.out), (child.out, child.err)
    assert child.out.count("\n") == 1
    assert child.status == 0
    assert peak < REFUSAL + 3 * size


@pytest.mark.slow
@pytest.mark.parametrize("kind", ACCEPTED)
def test_large_files_take_no_more_than_is_said(measured, kind):
    child, peak, size = measured[kind]
    assert child.out == "decoded (64, 64)\n", (child.out, child.err)
    assert peak < limits.BYTES_PER_PIXEL * ACCEPTED[kind][1] * MB + 3 * size


class Counting(limits.Gate):
    """A gate that lets everything in and writes it down."""

    def __init__(self):
        super().__init__(10**9)
        self.amounts = []

    def hold(self, amount):
        self.amounts.append(amount)
        return super().hold(amount)


@pytest.mark.parametrize("kind", ["png", "webp", "dicom"])
def test_decoding_passes_the_gates_with_its_pixels_and_bytes(tmp_path, kind, monkeypatch):
    make = {"png": lambda: black_png(30, 20), "webp": lambda: webp(30, 20), "dicom": lambda: dicom(dataset(GREY))}[kind]
    path = tmp_path / "x"
    path.write_bytes(make())
    pixels, files = Counting(), Counting()
    monkeypatch.setattr("chestnut.data.decoding.picture.pixels_at_once", pixels)
    monkeypatch.setattr("chestnut.data.decoding.dicom.pixels_at_once", pixels)
    monkeypatch.setattr("chestnut.data.decoding.raw.bytes_at_once", files)
    decode(str(path), InputSpec(height=16, width=16))
    assert sum(pixels.amounts) == (GREY.size if kind == "dicom" else 600)
    assert files.amounts == [path.stat().st_size]


def test_a_gate_keeps_the_sum_below_its_limit():
    gate = limits.Gate(100)
    held, sums = [], []

    def work(amount):
        with gate.hold(amount):
            held.append(amount)
            sums.append(sum(held))
            time.sleep(0.002)
            held.remove(amount)

    threads = [threading.Thread(target=work, args=(amount,)) for amount in (60, 30, 70, 10, 100, 20, 40, 300, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(sums) == 9
    assert max(total for total in sums if total != 300) <= 100


def test_facts_of_hostile_headers_are_empty(tmp_path):
    kinds = ["tiff values", "webp pixels", "dicom inflates", "dicom nested"]
    for kind in kinds:
        (tmp_path / kind).write_bytes(REFUSED[kind][0]())
    assert set(read_facts([str(tmp_path / kind) for kind in kinds])["width"]) == {0}


def test_the_page_of_limits_has_the_limits_of_the_code():
    page = " ".join((Path(__file__).parents[2] / "docs" / "limits.md").read_text().split())
    for said in (
        f"| pixels of an image | {limits.MOST_PIXELS // MB} megapixels |",
        f"| sides of an image | 1:{limits.MOST_ASPECT} |",
        f"| bytes of an image file | {limits.MOST_BYTES // MB} MB |",
        f"| values of a TIFF tag | {limits.MOST_TAG_VALUES:,} |",
        f"| tags of a TIFF | {limits.MOST_TAGS:,} |",
        f"| EXIF in a picture | {limits.MOST_EXIF_BYTES // MB} MB |",
        f"| elements of a DICOM file | {limits.MOST_ELEMENTS:,} |",
        f"| bytes of a DICOM element beside the pixels | {limits.MOST_ELEMENT_BYTES // MB} MB |",
        f"| its pixels and {limits.MOST_INFLATED_BESIDE // MB} MB |",
        f"| images of an `.npz` archive | {limits.MOST_ROWS:,} |",
        f"| bytes of an array of an `.npz` | {limits.MOST_ARRAY_BYTES // MB:,} MB |",
        f"an `.npz` of more than {limits.FREE_ARRAY_BYTES // MB} MB | {limits.MOST_ARRAY_RATIO} times its compressed",
        f"| bytes of a CSV | {limits.MOST_TABLE_BYTES // MB} MB |",
        f"| columns, and bytes of the first line | {limits.MOST_COLUMNS:,} and {limits.MOST_HEADING_BYTES:,} |",
        f"| rows of a CSV | {limits.MOST_ROWS:,} |",
        f"| characters of a path, label, patient, … | {limits.MOST_CELL_CHARACTERS:,} |",
        f"| folders in folders | {limits.MOST_FOLDERS} |",
        f"up to {limits.BYTES_PER_PIXEL} bytes of memory for each pixel",
        f"decode {limits.PIXELS_PER_CORE // MB} megapixels for each core (but at least {limits.MOST_PIXELS // MB})",
        f"from files of {limits.MOST_BYTES_AT_ONCE // MB} MB",
    ):
        assert said in page
