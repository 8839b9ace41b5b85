import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from chestnut.data.decoding.headers import read_facts

GREY = Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30).astype(np.uint8))
DEEP = Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30))


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("a.jpg", GREY, ("JPEG", "L", 30, 20, 8)),
        ("b.png", GREY.convert("RGBA"), ("PNG", "RGBA", 30, 20, 8)),
        ("c.png", DEEP, ("PNG", "I;16", 30, 20, 16)),
        ("d.png", GREY.convert("1"), ("PNG", "1", 30, 20, 1)),
        ("e.png", GREY.convert("RGB").quantize(4), ("PNG", "P", 30, 20, 2)),
        ("f.tif", DEEP, ("TIFF", "I;16", 30, 20, 16)),
        ("g.tif", GREY.convert("F"), ("TIFF", "F", 30, 20, 32)),
        ("h.bmp", GREY.convert("RGB"), ("BMP", "RGB", 30, 20, 8)),
        ("i.webp", GREY.convert("RGB"), ("WEBP", "RGB", 30, 20, 8)),
        ("no suffix tells.xyz", GREY, ("PNG", "L", 30, 20, 8)),
    ],
)
def test_pictures(tmp_path, name, image, expected):
    path = tmp_path / name
    image.save(path, format="PNG" if name.endswith("xyz") else None)
    found = read_facts([str(path)]).iloc[0]
    assert tuple(found) == (*expected, path.stat().st_size)


def test_dicom():
    path = get_testdata_file("MR_small.dcm", download=False)
    assert tuple(read_facts([path]).iloc[0])[:5] == ("DICOM", "MONOCHROME2", 64, 64, 16)


def test_rows_of_archives(tmp_path):
    path = tmp_path / "small.npz"
    np.savez_compressed(
        path,
        train_images=np.zeros((3, 28, 26), np.uint8),
        val_images=np.zeros((2, 8, 9, 3), np.uint8),
        test_images=np.zeros((2, 8, 9), np.uint16),
    )
    references = [f"{path}#{row}" for row in ("val/1", "train/0", "train/2", "train/3", "test/0")]
    found = [tuple(row) for row in read_facts([*references, "/none.npz#train/0"]).itertuples(index=False)]
    unreadable = ("", "", 0, 0, 0, 0)
    assert found == [
        ("NPZ", "RGB", 9, 8, 8, 216),
        ("NPZ", "L", 26, 28, 8, 728),
        ("NPZ", "L", 26, 28, 8, 728),
        unreadable,
        ("NPZ", "I;16", 9, 8, 16, 144),
        unreadable,
    ]


def test_order_and_unreadable_files(tmp_path):
    paths = []
    for number in range(40):
        path = tmp_path / f"{number}.png"
        Image.new("L", (number + 1, 5)).save(path)
        paths.append(str(path))
    (tmp_path / "7.png").write_bytes(b"not an image")
    (tmp_path / "8.png").write_bytes((tmp_path / "9.png").read_bytes()[:20])
    (tmp_path / "9.png").unlink()
    found = read_facts(paths, workers=3)
    assert list(found["width"]) == [0 if number in (7, 8, 9) else number + 1 for number in range(40)]
    assert list(found["format"]) == ["" if number in (7, 8, 9) else "PNG" for number in range(40)]
    assert list(found.columns) == ["format", "mode", "width", "height", "bits", "bytes"]
    assert list(read_facts([]).columns) == list(found.columns)
