"""The page of images that a network judged."""

import io

import numpy as np
import pytest
from PIL import Image

from chestnut.explain.gallery import Gallery, GalleryImage
from chestnut.report.identities import Identities
from chestnut.report.pages.pictures import PicturePage, Remark, write_picture_page

SHARES = {"NORMAL": 0.2, "PNEUMONIA": 0.8}


def jpeg(side):
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (side, side), dtype=np.uint8)
    Image.fromarray(noise).save(file, "JPEG", quality=95)
    return file.getvalue()


def gallery(count, content):
    images = tuple(
        GalleryImage(
            f"/data/smith{number}.png", "", "", "PNEUMONIA", SHARES, "PNEUMONIA", "occlusion", "what it is", True,
            "0001.jpg", "0001-map.jpg",
        )
        for number in range(count)
    )  # fmt: skip
    return Gallery(images, {"0001.jpg": content, "0001-map.jpg": content})


@pytest.fixture
def page_of(tmp_path, read_page):
    def read(shown=False, **parts):
        page = PicturePage("Predictions", "3 images", "1 NORMAL, 2 PNEUMONIA.", **parts)
        write_picture_page(page, tmp_path / "page.html", Identities(tmp_path, shown=shown))
        return read_page(tmp_path / "page.html")

    return read


def test_images_have_pictures_warnings_and_numbers_for_names(page_of, tmp_path):
    remarks = {"/data/smith0.png": Remark(("set of possible classes: NORMAL",), "unlike the training images: dark")}
    row = GalleryImage("/data/jones.png", "", "", "NORMAL", {"NORMAL": 0.7, "PNEUMONIA": 0.3})
    page = page_of(
        gallery=gallery(2, jpeg(8)), remarks=remarks, rows=(row,), left=7, unread=("/data/bad.png: is empty",)
    )
    assert len(page.all("img", "src")) == 4
    assert "unlike the training images: dark set of possible classes: NORMAL" in page.text
    assert "image 3 NORMAL 0.700" in page.text
    assert "7 more images are not on this page." in page.text
    assert "image 4: is empty" in page.text
    assert "A map shows what it is." in page.text
    assert page.text.count("Map by occlusion") == 2
    assert not any(name in page.html for name in ("smith", "jones", "bad.png"))
    assert "jones.png" in (tmp_path / "identities.csv").read_text()


def test_names_are_shown_when_asked_for(page_of, tmp_path):
    assert "smith1.png" in page_of(gallery=gallery(2, jpeg(8)), shown=True).text
    assert not (tmp_path / "identities.csv").exists()


def test_a_page_of_many_large_pictures_stays_below_5_mb(page_of):
    content = jpeg(400)
    page = page_of(gallery=gallery(60, content), remarks={"/data/smith59.png": Remark(flag="look at this one")})
    assert 4e6 < len(page.html) < 5e6
    assert len(page.all("img", "src")) == 2 * (3_300_000 // (2 * len(content)))
    assert page.text.count("PNEUMONIA 0.800") >= 60  # the others are in the table
    assert "image 60 PNEUMONIA 0.800 look at this one" in page.text
