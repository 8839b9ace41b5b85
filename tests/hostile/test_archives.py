"""Hostile `.npz` archives: each kind is refused with its reason, within a bound on memory."""

import io
import re
import struct
import warnings
import zipfile

import numpy as np
import pytest

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import decode
from chestnut.data.sources.load import load_dataset
from chestnut.errors import DataError, ImageError
from hostile_images import zeros
from measuring import MB, run_each

SPLITS = ("train", "val", "test")


def array(values):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(values))
    return file.getvalue()


def declared(shape, descr="|u1", body=b"", order=False):
    """An array whose header declares any shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": order, "shape": shape})
    return file.getvalue() + body


def archive(path, **changes):
    """An archive of three images a split, with some members replaced; a member is bytes or a way to write it."""
    members = {f"{split}_images": array(np.zeros((3, 8, 8), np.uint8)) for split in SPLITS}
    members |= {f"{split}_labels": array(np.arange(3, dtype=np.uint8) % 2) for split in SPLITS}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in (members | changes).items():
            made.writestr(f"{name}.npy", data)
    return path


def patch(path, name, field, layout, value):
    """Change a field of an entry in the table of contents."""
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x01\x02")
    while data[start + 46 : start + 46 + len(name)] != name:
        start = data.index(b"PK\x01\x02", start + 4)
    struct.pack_into(layout, data, start + field, value)
    path.write_bytes(data)
    return path


def bomb(path):
    """Two gigabytes of black images in two megabytes."""
    head = declared((2_000_000, 1_000, 1))
    packer = zipfile.zlib.compressobj(9, 8, -15)
    body = packer.compress(head) + packer.flush(3) + zeros(2 * 10**9)[2:-4]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as made:
        for split in SPLITS:
            made.writestr(f"{split}_labels.npy", array(np.arange(3)))
            made.writestr(f"{split}_images.npy", body if split == "train" else array(np.zeros((3, 8, 8), np.uint8)))
    patch(path, b"train_images.npy", 10, "<H", zipfile.ZIP_DEFLATED)
    return patch(path, b"train_images.npy", 24, "<I", 2 * 10**9 + len(head))


def many_members(path):
    with zipfile.ZipFile(path, "w") as made:
        for number in range(30_000):
            made.writestr(f"{number}", b"")
    return path


def twice(path):
    archive(path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as made:
        warnings.simplefilter("ignore")
        made.writestr("train_labels.npy", array(np.arange(3)))
    return path


def long_header(path):
    head = b"\x93NUMPY\x02\x00" + struct.pack("<I", 4_000_000_000)
    return archive(path, train_images=head + bytes(1000))


def labelled(*labels, kind=None):
    return lambda path: archive(path, val_labels=array(np.array(labels, dtype=kind)))


#: What makes an archive of each kind, and what is said of it.
REFUSED = {
    "rows": (
        lambda path: archive(path, train_images=declared((10**12, 28, 28))),
        "the size of train_images and its header disagree",
    ),
    "rows of nothing": (lambda path: archive(path, train_images=declared((10**12, 0, 0))), "not grey or RGB images"),
    "negative": (lambda path: archive(path, train_images=declared((-3, -8, 8), body=bytes(192))), "disagree"),
    "rows of labels": (
        lambda path: archive(path, val_labels=declared((10**12, 1))),
        "the size of val_labels and its header disagree",
    ),
    "many rows": (
        lambda path: archive(path, train_images=declared((2_000_001, 1, 1), body=bytes(2_000_001))),
        "2,000,001 images, more than the limit of 2,000,000",
    ),
    "strip": (lambda path: archive(path, train_images=array(np.zeros((3, 1, 99), np.uint8))), "a strip narrower"),
    "size that is not true": (
        lambda path: patch(
            archive(path, train_images=declared((10**6, 28, 28))), b"train_images.npy", 24, "<I", 128 + 784 * 10**6
        ),
        "would take 784 MB, more than the limit of 100 times its",
    ),
    "bomb": (
        bomb,
        "would take 2,000 MB, more than the limit of 100 times its 1,9.. compressed bytes".replace("..", ".*"),
    ),
    "encrypted": (
        lambda path: patch(archive(path), b"val_labels.npy", 8, "<H", 1),
        "the array val_labels is encrypted; save the archive without a password",
    ),
    "encrypted images": (lambda path: patch(archive(path), b"val_images.npy", 8, "<H", 1), "val_images is encrypted"),
    "unknown compression": (lambda path: patch(archive(path), b"val_labels.npy", 10, "<H", 97), "compression"),
    "objects": (
        lambda path: archive(path, val_labels=declared((3,), "|O", b"cos\nsystem\n.")),
        "contains Python objects",
    ),
    "two of a name": (twice, "two arrays of the same name"),
    "many members": (many_members, "table of contents has 1,.* bytes"),
    "long header": (long_header, "the header of the array train_images has 4,000,000,000 bytes"),
    "header of nonsense": (
        lambda path: archive(path, train_images=b"\x93NUMPY\x01\x00\x10\x00{'descr': ((((((\n"),
        "cannot be read as an .npz archive",
    ),
    "deep header": (
        lambda path: archive(path, train_images=b"\x93NUMPY\x01\x00" + struct.pack("<H", 9_000) + b"(" * 9_000),
        "cannot be read as an .npz archive",
    ),
    "no numpy": (lambda path: archive(path, train_images=b"text"), "cannot be read as an .npz archive"),
    "empty member": (lambda path: archive(path, val_labels=b""), "cannot be read as an .npz archive"),
    "negative label": (labelled(0, -1, 1), "1 of 3 val_labels are not the number of a class: -1 in row 1; give whole"),
    "negative labels": (labelled(-1, -2, -3), "-1 in row 0, -2 in row 1, -3 in row 2; give whole numbers from 0 to"),
    "large label": (labelled(0, 1, 1_000), "1000 in row 2; give whole numbers from 0 to 999"),
    "huge label": (labelled(0, 1, 2**64 - 1, kind=np.uint64), "18446744073709551615 in row 2"),
    "broken label": (labelled(0, 1, 0.5), "0.5 in row 2"),
    "missing label": (labelled(0, 1, np.nan), "nan in row 2"),
    "infinite label": (labelled(0, 1, np.inf), "inf in row 2"),
    "text": (labelled("0", "1", "x"), "val_labels contains <U1; give an archive with whole numbers"),
    "labels of two columns": (labelled([0, 1], [1, 0], [0, 1]), "one label per image"),
    "one label": (lambda path: archive(path, val_labels=array(1)), "one label per image"),
    "few labels": (labelled(0, 1), "3 val_images but 2 val_labels"),
}


@pytest.mark.parametrize("kind", [kind for kind in REFUSED if kind not in ("many members", "bomb", "many rows")])
def test_refused_with_its_reason(tmp_path, kind):
    make, said = REFUSED[kind]
    path = make(tmp_path / "x.npz")
    with pytest.raises(DataError, match=said) as caught:
        load_dataset(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_numbers_beyond_the_classes_of_pneumoniamnist_are_refused(tmp_path):
    path = archive(tmp_path / "pneumoniamnist.npz", val_labels=array([0, 1, 2]))
    with pytest.raises(DataError, match="2 in row 2; give whole numbers from 0 to 1"):
        load_dataset(path)


def test_labels_that_are_whole_numbers_of_any_type(tmp_path):
    for number, kind in enumerate((bool, np.int8, np.uint64, np.float32)):
        path = archive(tmp_path / f"{number}.npz", val_labels=array(np.array([[0], [1], [1]], kind)))
        assert list(load_dataset(path).only("val").frame["label"]) == ["0", "1", "1"]


def test_rows_in_fortran_order_are_the_same(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (3, 16, 18)).astype(np.uint8)
    path = archive(tmp_path / "x.npz", val_images=array(np.asfortranarray(images)))
    for row in range(3):
        assert np.array_equal(decode(f"{path}#val/{row}", InputSpec(height=16, width=18)), images[row])


def test_rows_of_an_archive_that_changed_meanwhile(tmp_path):
    path = archive(tmp_path / "x.npz")
    manifest = load_dataset(path)
    patch(archive(path), b"val_images.npy", 8, "<H", 1)
    with pytest.raises(ImageError, match="val_images is encrypted"):
        decode(manifest.only("val").paths[0], InputSpec())


def test_damaged_archives_are_read_or_refused(tmp_path):
    whole = archive(tmp_path / "x.npz").read_bytes()
    random = np.random.default_rng(0)
    for number in range(50):
        data = bytearray(whole)
        for place in random.integers(0, len(data), random.integers(1, 6)):
            data[place] = random.integers(256)
        path = tmp_path / f"{number}.npz"
        path.write_bytes(data)
        try:
            paths = load_dataset(path).paths
        except DataError:
            continue
        for reference in paths[::4]:
            try:
                decode(reference, InputSpec(height=16, width=16))
            except ImageError as error:
                assert error.reason


@pytest.mark.slow
def test_memory(tmp_path):
    kinds = ["rows", "size that is not true", "bomb", "many members", "long header", "many rows"]
    for kind in kinds:
        REFUSED[kind][0](tmp_path / f"{kind}.npz")
    setup = "from chestnut.data.sources.load import load_dataset\nfrom chestnut.errors import DataError"
    look = "try:\n    load_dataset({!r})\nexcept DataError as error:\n    print(error)"
    found = run_each(setup, {kind: look.format(str(tmp_path / f"{kind}.npz")) for kind in kinds})
    for kind in kinds:
        assert re.search(REFUSED[kind][1], found[kind].out), (kind, found[kind].out, found[kind].err)
        assert found[kind].peak - found[""].peak < 40 * MB, kind
