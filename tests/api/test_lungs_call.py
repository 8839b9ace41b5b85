"""`cn.lungs` takes a file or grey pixels."""

import cv2
import numpy as np
import pytest

import chestnut as cn
from chestnut.data.phantom.dataset import write
from chestnut.data.phantom.radiograph import draw_patient
from chestnut.errors import DataError, ImageError


@pytest.fixture(scope="module")
def image():
    return draw_patient(2, size=150, seed=31)[0]


def test_a_file_and_its_pixels_have_the_same_lungs(image, tmp_path):
    path = tmp_path / "chest.png"
    cv2.imwrite(str(path), image.pixels)
    pixels, text, named = cn.lungs(image.pixels), cn.lungs(str(path)), cn.lungs(path)
    assert pixels.found
    assert np.array_equal(pixels.fields, text.fields) and np.array_equal(pixels.fields, named.fields)
    assert text.size == (150, 150) and text.box == pixels.box


@pytest.mark.parametrize("format", ["dicom", "png16"])
def test_deep_files_are_read(tmp_path, format):
    write(tmp_path / "data", patients=2, size=96, format=format, seed=5)
    paths = [path for path in (tmp_path / "data").rglob("phantom-*") if path.is_file() and "mask" not in str(path)]
    assert paths
    for path in paths:
        found = cn.lungs(path)
        assert found.found and found.size == (96, 96)


def test_a_large_image_keeps_its_size(image, tmp_path):
    path = tmp_path / "large.jpeg"
    cv2.imwrite(str(path), cv2.resize(image.pixels, (1800, 1500)))
    found = cn.lungs(path)
    assert found.size == (1500, 1800) == found.mask.shape


def test_an_archive_s_row_is_read(image, tmp_path):
    archive = tmp_path / "set.npz"
    np.savez(archive, train_images=image.pixels[None], train_labels=np.array([[0]]))
    assert cn.lungs(f"{archive}#train/0").found


@pytest.mark.parametrize("given", [None, 3, [[1, 2], [3, 4]]])
def test_what_is_no_image_is_refused(given):
    with pytest.raises(DataError, match="give a file or grey pixels"):
        cn.lungs(given)


def test_a_file_that_is_no_image_is_named(tmp_path):
    (tmp_path / "note.png").write_text("not an image")
    with pytest.raises(ImageError, match=r"note\.png: is not an image"):
        cn.lungs(tmp_path / "note.png")
    with pytest.raises(ImageError, match=r"none\.png"):
        cn.lungs(tmp_path / "none.png")


def test_the_function_stays_a_function_after_its_modules_are_imported(image):
    import chestnut.api.lungs
    import chestnut.lungfield.lungs

    assert callable(cn.lungs) and chestnut.lungfield.lungs
