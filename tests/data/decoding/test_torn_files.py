"""A file that ends too early is refused, also where something else in the process has Pillow fill what is missing."""

import io
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image, ImageFile
from pydicom.uid import JPEGBaseline8Bit

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import decode, decode_whole
from chestnut.data.decoding.torn_files import refuse_torn_files
from chestnut.errors import ImageError
from chestnut.explain.checks.lesions import read_mask
from hostile_images import GREY as SMALL
from hostile_images import compressed

GREY = np.random.default_rng(0).integers(0, 255, (90, 120), dtype=np.uint8)


@pytest.fixture
def lenient(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)


def saved(form, pixels=GREY):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("read", [lambda path: decode(path, InputSpec()), lambda path: decode_whole(path, 64)])
def test_a_torn_picture_is_refused_where_pillow_is_told_to_be_lenient(lenient, tmp_path, form, read):
    path = tmp_path / "torn.image"
    path.write_bytes(saved(form)[:-2500])
    with pytest.raises(ImageError, match="truncated"):
        read(str(path))
    assert ImageFile.LOAD_TRUNCATED_IMAGES, "what the rest of the process chose was changed"


def test_a_torn_jpeg_inside_dicom_is_refused_where_pillow_is_told_to_be_lenient(lenient, tmp_path):
    path = tmp_path / "torn.dcm"
    path.write_bytes(compressed(saved("JPEG", SMALL)[:-800], JPEGBaseline8Bit))
    with pytest.raises(ImageError, match="the pixels cannot be decoded from JPEG"):
        decode(str(path), InputSpec())


def test_a_torn_mask_is_refused_where_pillow_is_told_to_be_lenient(lenient, tmp_path):
    path = tmp_path / "torn.png"
    path.write_bytes(saved("PNG")[:-2500])
    with pytest.raises(ImageError, match=r"no picture of a mask .*restore it, or remove it"):
        read_mask(path)


def test_the_switch_is_as_before_after_the_last_of_several_threads(lenient):
    inside, leave = threading.Barrier(3), threading.Event()

    def hold():
        with refuse_torn_files():
            inside.wait(10)
            leave.wait(10)

    threads = [threading.Thread(target=hold) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait(10)
    with refuse_torn_files():
        pass
    assert not ImageFile.LOAD_TRUNCATED_IMAGES, "the others still decode"
    leave.set()
    for thread in threads:
        thread.join()
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_a_switch_that_is_off_stays_off():
    with refuse_torn_files():
        assert not ImageFile.LOAD_TRUNCATED_IMAGES
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.slow
def test_drawing_a_pdf_leaves_pillow_as_it_was(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<html><head><meta name="generator" content="chestnut"><style></style></head><body>a</body></html>')
    code = (
        f"import chestnut, PIL.ImageFile; chestnut.write_pdf({str(page)!r}); print(PIL.ImageFile.LOAD_TRUNCATED_IMAGES)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
