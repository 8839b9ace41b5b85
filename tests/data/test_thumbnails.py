"""Small pictures of image files."""

import io

import numpy as np
import pytest
from PIL import Image

from chestnut.data.thumbnails import thumbnail
from chestnut.errors import ImageError


def test_a_thumbnail_is_the_whole_image_in_its_own_proportions(tmp_path):
    rising = np.tile(np.linspace(0, 255, 600).astype(np.uint8), (300, 1))
    Image.fromarray(rising).save(tmp_path / "a.png")
    small = Image.open(io.BytesIO(thumbnail(str(tmp_path / "a.png"), 100)))
    assert (small.format, small.mode, small.size) == ("JPEG", "L", (100, 50))
    assert np.abs(np.asarray(small).astype(int) - np.linspace(0, 255, 100)).max() < 8


def test_a_small_image_is_not_enlarged(tmp_path):
    Image.new("RGB", (20, 30), "red").save(tmp_path / "a.jpeg")
    assert Image.open(io.BytesIO(thumbnail(str(tmp_path / "a.jpeg")))).size == (20, 30)


def test_the_upright_image_is_shown(tmp_path):
    turned = Image.new("L", (60, 30))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "a.jpeg", exif=exif)
    assert Image.open(io.BytesIO(thumbnail(str(tmp_path / "a.jpeg")))).size == (30, 60)


def test_what_is_no_image_is_named(tmp_path):
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(ImageError, match=r"a\.png.*is not an image"):
        thumbnail(str(tmp_path / "a.png"))
