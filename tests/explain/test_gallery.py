"""Galleries: pictures and maps of images that a network judged, written and read again."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from chestnut.config import InputSpec
from chestnut.errors import DataError, ExplanationError
from chestnut.explain.gallery import Gallery, GalleryImage, make_gallery, read_gallery, write_gallery
from chestnut.inference.engines.engine import Engine

SPEC = InputSpec(height=32, width=32)
BUNDLE = SimpleNamespace(spec=SPEC, classes=("NORMAL", "PNEUMONIA"))


class Bright(Engine):
    """A network that finds pneumonia in the upper left corner, the brighter the more."""

    spec = SPEC

    def compute_logits(self, images, progress):
        return images.batch(0, len(images))[:, :12, :12].mean(axis=(1, 2))[:, np.newaxis].astype(np.float32) / 10

    def compute_both(self, images, progress):
        raise NotImplementedError


@pytest.fixture
def image(tmp_path):
    pixels = np.full((80, 120), 40, np.uint8)
    pixels[:25, :35] = 250
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return str(tmp_path / "a.png")


def row(path, decision="PNEUMONIA", **changes):
    return GalleryImage(path, "p1", "NORMAL", decision, {"NORMAL": 0.2, "PNEUMONIA": 0.8}, **changes)


def draw(*rows, engine=None, **options):
    return make_gallery(BUNDLE, engine, rows, **options)


def opened(gallery, name):
    return np.asarray(Image.open(io.BytesIO(gallery.pictures[name]))).astype(int)


def test_a_gallery_shows_the_image_and_what_speaks_for_the_decision(image):
    gallery = draw(row(image), engine=Bright(), side=60)
    (one,) = gallery.images
    assert (one.of, one.method, one.evidence) == ("PNEUMONIA", "occlusion", True)
    assert (one.label, one.decision, one.patient) == ("NORMAL", "PNEUMONIA", "p1")
    assert "hidden" in one.meaning
    plain, over = opened(gallery, one.picture), opened(gallery, one.overlay)
    assert plain.shape == (40, 60)
    assert over.shape == (40, 60, 3)
    colour = over.max(axis=2) - over.min(axis=2)
    assert colour[:12, :17].mean() > 60  # the bright corner is covered
    assert colour[25:, 35:].max() < 20  # nothing else is


def test_another_class_can_be_explained(image):
    gallery = draw(row(image, of="NORMAL"), engine=Bright(), side=60)
    (one,) = gallery.images
    assert (one.of, one.decision) == ("NORMAL", "PNEUMONIA")
    over = opened(gallery, one.overlay)
    assert (over.max(axis=2) - over.min(axis=2))[:8, :10].max() < 20  # the corner speaks against it
    with pytest.raises(ExplanationError, match="method='activation' needs a network"):
        draw(row(image), engine=Bright(), method="activation")


def test_without_a_network_there_are_pictures_alone(image):
    gallery = draw(row(image))
    assert (gallery.images[0].picture, gallery.images[0].overlay, gallery.images[0].method) == ("0001.jpg", "", "")
    assert list(gallery.pictures) == ["0001.jpg"]


def test_no_map_is_begun_when_the_time_is_over(image):
    assert [one.overlay for one in draw(row(image), row(image), engine=Bright(), seconds=0).images] == ["", ""]


def test_an_image_that_is_gone_has_no_picture_and_is_no_error(image, tmp_path):
    seen = []
    gallery = draw(
        row(str(tmp_path / "gone.png")), row(image), engine=Bright(), tick=lambda done, of: seen.append((done, of))
    )
    assert [one.picture for one in gallery.images] == ["", "0002.jpg"]
    assert seen == [(1, 2), (2, 2)]


def test_a_gallery_is_read_as_it_was_written(image, tmp_path):
    gallery = draw(row(image), row(str(tmp_path / "gone.png")), engine=Bright())
    (tmp_path / "kept").mkdir()
    write_gallery(tmp_path / "kept", gallery)
    assert read_gallery(tmp_path / "kept") == gallery
    assert gallery.find(image) == gallery.images[0]
    assert gallery.find("other") is None
    assert read_gallery(tmp_path / "none") is None


def test_a_picture_that_is_missing_or_no_jpeg_is_left_out(image, tmp_path):
    write_gallery(tmp_path, draw(row(image), row(image), engine=Bright()))
    (tmp_path / "0001.jpg").unlink()
    (tmp_path / "0002-map.jpg").write_text("<svg/>")
    found = read_gallery(tmp_path)
    assert [(one.picture, one.overlay) for one in found.images] == [("", "0001-map.jpg"), ("0002.jpg", "")]


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/hostname", "link.jpg", "0001.jpg/../0009.jpg"])
def test_a_gallery_leads_to_no_file_outside_itself(tmp_path, name):
    (tmp_path / "secret.jpg").write_bytes(b"\xff\xd8\xffsecret")
    folder = tmp_path / "gallery"
    folder.mkdir()
    (folder / "0009.jpg").symlink_to(tmp_path / "secret.jpg")
    one = GalleryImage("a.png", "", "", "NORMAL", {"NORMAL": 1.0}, picture=name, overlay="0009.jpg")
    write_gallery(folder, Gallery((one,), {}))
    found = read_gallery(folder)
    assert (found.images[0].picture, found.images[0].overlay, found.pictures) == ("", "", {})


def test_a_damaged_gallery_is_named(tmp_path):
    (tmp_path / "gallery.json").write_text(json.dumps({"images": [{"path": 3}]}))
    with pytest.raises(DataError, match=r"gallery\.json is damaged: images\.0\.path.*; make it again"):
        read_gallery(tmp_path, "make it again")
