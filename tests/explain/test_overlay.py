"""Maps over pictures: in their place whatever part of a picture a network sees, and never louder than the evidence."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.raw import Raw
from chestnut.data.decoding.resize import Placement, place
from chestnut.explain.overlay import blend, map_png, overlay_png, picture_png, strengths
from chestnut.explain.picture import Picture, view_picture


def png(values):
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def spot(image):
    """The middle of a bright spot, in shares of the image's height and width."""
    rows, columns = np.nonzero(image > 0.5 * image.max())
    return (rows.mean() + 0.5) / image.shape[0], (columns.mean() + 0.5) / image.shape[1]


@pytest.mark.parametrize("rule", ["stretch", "fit", "crop"])
@pytest.mark.parametrize("size", [(300, 200), (150, 260), (90, 90)])
def test_a_map_lies_over_what_the_network_saw(rule, size):
    grey = np.zeros(size, np.uint8)
    y, x = round(0.45 * size[0]), round(0.4 * size[1])
    grey[y - 8 : y + 8, x - 8 : x + 8] = 255
    spec = InputSpec(height=60, width=80, resize=rule)
    with quiet():
        framed, picture = view_picture(Raw("spot.png", png(grey)), spec, side=120)
    assert max(picture.grey.shape) <= 120
    laid = picture.laid(framed.image.astype(np.float32))
    assert laid.shape == picture.grey.shape
    assert spot(np.nan_to_num(laid)) == pytest.approx(spot(grey), abs=0.02)
    assert np.isnan(laid).any() == (rule == "crop" and size[1] * 60 != size[0] * 80)


def test_a_map_of_a_part_is_placed_back_into_the_whole():
    placement = Placement((40.0, 20.0, 80.0, 60.0), (20, 20))
    picture = Picture(np.zeros((50, 100), np.uint8), (200, 100), placement, (20, 20))
    values = np.zeros((20, 20), np.float32)
    values[10, 10] = 1  # at (60.5, 40.5) of the full size
    laid = picture.laid(values)
    seen = ~np.isnan(laid)
    assert seen[10:30, 20:40].all()
    assert seen.sum() == 20 * 20
    assert np.unravel_index(np.nanargmax(laid), laid.shape) == (20, 30)


def test_what_the_lungs_rule_shows_is_placed_back_too(monkeypatch):
    grey = np.zeros((120, 100), np.uint8)
    grey[50:56, 60:66] = 200
    placement = place((50, 60), (40, 40), "stretch").moved(30, 20)
    from chestnut.data.decoding import decode
    from chestnut.data.decoding.frame import Framed

    def crop(whole, spec, decode_finer=None):
        return Framed(np.asarray(placement.cut(whole.grey)), True, placement)

    monkeypatch.setattr(decode, "frame", crop)
    with quiet():
        framed, picture = view_picture(Raw("x.png", png(grey)), InputSpec(height=40, width=40, frame="lungs"))
    laid = picture.laid(framed.image.astype(np.float32))
    assert spot(np.nan_to_num(laid)) == pytest.approx(spot(grey), abs=0.01)
    assert np.isnan(laid[:20]).all()
    assert not np.isnan(laid[20:80, 30:80]).any()


def test_little_evidence_looks_little():
    assert strengths(np.array([[0.01, -5.0, np.nan]], np.float32))[0, :2] == pytest.approx([0.04, 0])
    assert strengths(np.array([[3.0, 1.5]], np.float32)).tolist() == [[1, 0.5]]


@pytest.mark.parametrize("heat", [0.0, -2.0, np.nan])
def test_without_evidence_the_picture_is_as_it_was(heat):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (blend(grey, np.full((16, 16), heat, np.float32)) == grey[..., np.newaxis]).all()


def test_lightness_rises_evenly_with_the_evidence():
    heat = np.linspace(0, 1, 17, dtype=np.float32)[np.newaxis]
    solid = blend(np.zeros((1, 17), np.uint8), heat, opacity=1)[:, 1:].astype(np.float32)
    share = np.sqrt(heat[0, 1:])
    colours = (solid / share[:, np.newaxis] / 255).clip(0, 1).astype(np.float32)
    steps = np.diff(cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)[0, :, 0])
    assert (steps > 0).all()
    assert steps.max() < 1.5 * steps.mean()


def test_pictures_are_png_of_the_size_of_the_picture():
    grey = np.full((30, 40), 90, np.uint8)
    heat = np.full((30, 40), np.nan, np.float32)
    heat[5:15, 5:15] = 1
    assert (opened(picture_png(grey)) == grey).all()
    assert opened(overlay_png(grey, heat)).shape == (30, 40, 3)
    drawn = opened(map_png(heat))
    assert drawn.shape == (30, 40, 2)
    assert (drawn[5:15, 5:15] == 255).all()
    assert not drawn[..., 1][np.isnan(heat)].any()
