"""Tests of the crop to the lungs and of what is made black, with lungs at a known place."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from chestnut.config import InputSpec
from chestnut.data.decoding import frame
from chestnut.data.decoding.decode import decode, decode_framed
from chestnut.data.decoding.frame import framed
from chestnut.data.decoding.intensity import standardise
from chestnut.data.phantom.dataset import write

BOX = (0.2, 0.3, 0.7, 0.8)
LUNGS = InputSpec(height=40, width=40, frame="lungs", margin=0)
RULES = ("none", "percentile", "equalise", "clahe")


def lungs(box, found=True):
    top, left, bottom, right = box
    hull = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    return SimpleNamespace(shares=box, hull=hull, found=found)


@pytest.fixture
def put_lungs(monkeypatch):
    """Put the lungs of every image at a box of shares (top, left, bottom, right)."""

    def put(box, found=True):
        monkeypatch.setattr(frame, "find_lungs", lambda grey: lungs(box, found))

    put(BOX)
    return put


def scene(height, width):
    """Return a picture without symmetry, with detail of every size, uint8."""
    y, x = np.mgrid[:height, :width] / [[[height]], [[width]]]
    return (90 + 60 * x + 40 * y * y + 30 * np.sin(90 * x) * np.cos(70 * y)).round().astype(np.uint8)


def save(path, image, **options):
    Image.fromarray(image).save(path, **options)
    return str(path)


def test_the_crop_is_cut_out_of_the_whole_image_before_it_is_resized(put_lungs):
    image = scene(200, 300)
    expected = Image.fromarray(image[40:140, 90:240]).resize((40, 40), Image.Resampling.HAMMING)
    result = framed(image, LUNGS)
    assert result.found
    assert np.abs(result.image.astype(int) - np.asarray(expected)).max() <= 2


def test_the_margin_is_a_share_of_the_box_and_ends_at_the_border(put_lungs):
    put_lungs((0.0, 0.25, 0.8, 0.75))
    image = scene(200, 200)
    result = framed(image, LUNGS.model_copy(update={"margin": 0.1})).image
    expected = framed(image[:184, 40:160], InputSpec(height=40, width=40)).image
    assert np.abs(result.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("rule", ["stretch", "fit", "crop"])
def test_the_resize_rule_applies_to_the_crop(put_lungs, rule):
    put_lungs((0.2, 0.3, 0.8, 0.6))
    image = scene(200, 200)
    expected = framed(image[40:160, 60:120], InputSpec(height=40, width=40, resize=rule)).image
    result = framed(image, LUNGS.model_copy(update={"resize": rule})).image
    differ = np.abs(result.astype(int) - expected)
    assert np.median(differ) == 0 and differ.max() <= 12  # at its border, a crop of a larger image looks beyond it


@pytest.mark.parametrize(("size", "side"), [(400, 0.5), (800, 0.5), (800, 0.12)])
def test_a_small_crop_of_a_large_jpeg_is_as_sharp_as_one_of_its_pixels(put_lungs, tmp_path, size, side):
    put_lungs((0.4, 0.4, 0.4 + side, 0.4 + side))
    image = scene(size, size)
    path = save(tmp_path / "a.jpeg", image, quality=98)
    assert np.abs(decode(path, LUNGS).astype(int) - framed(image, LUNGS).image).mean() < 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_files_are_framed_upright(put_lungs, tmp_path, orientation):
    upright = scene(120, 90)
    exif = Image.Exif()
    exif[0x0112] = orientation
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)
    stored = Image.fromarray(upright)
    if undo is not None:
        stored = stored.transpose(Image.Transpose(undo))
    path = tmp_path / "a.png"
    stored.save(path, exif=exif)
    spec = LUNGS.model_copy(update={"outside": "blank"})
    assert np.array_equal(decode(str(path), spec), framed(upright, spec).image)


def test_every_format_is_framed_alike(put_lungs, tmp_path):
    image = scene(100, 120)
    expected = framed(image, LUNGS).image
    np.savez(tmp_path / "a.npz", train_images=image[np.newaxis], train_labels=np.zeros((1, 1), np.uint8))
    for reference in (
        save(tmp_path / "a.png", image),
        save(tmp_path / "deep.png", image.astype(np.uint16) * 257),
        save(tmp_path / "a.tiff", image),
        f"{tmp_path / 'a.npz'}#train/0",
    ):
        assert np.abs(decode(reference, LUNGS).astype(int) - expected).max() <= 1, reference


@pytest.mark.parametrize("kind", ["png16", "dicom"])
def test_the_shipped_network_finds_the_lungs_of_deep_files(tmp_path, kind):
    write(tmp_path / "images", 2, size=128, format=kind)
    paths = [str(path) for label in ("NORMAL", "PNEUMONIA") for path in (tmp_path / "images" / label).iterdir()]
    assert paths
    for path in paths:
        result = decode_framed(path, LUNGS)
        assert result.found and not np.array_equal(result.image, decode(path, LUNGS.plain))


@pytest.mark.parametrize("kept", ["whole", "lungs"])
@pytest.mark.parametrize("part", ["outside", "inside"])
def test_what_is_made_black_is_black_and_the_rest_stays(put_lungs, part, kept):
    spec = InputSpec(height=60, width=40, resize="fit", frame=kept, margin=0.2)
    image, inside = scene(120, 140), np.zeros((120, 140), bool)
    inside[24:84, 42:112] = True
    black = inside if part == "inside" else ~inside
    result = framed(image, spec.model_copy(update={part: "blank"})).image
    share = framed(np.where(black, 255, 0).astype(np.uint8), spec).image  # of black within each pixel
    padded = framed(np.full_like(image, 255), spec).image == 0
    assert (result[(share == 255) & ~padded] == 0).all()
    assert np.array_equal(result[share == 0], framed(image, spec).image[share == 0])
    assert {(share == 255).mean() > 0.1, (share == 0).mean() > 0.1} == {True}


@pytest.mark.parametrize("rule", RULES)
def test_grey_values_are_standardised_by_what_is_kept(put_lungs, rule):
    spec = LUNGS.model_copy(update={"outside": "blank", "margin": 0.2, "intensity": rule})
    image = scene(100, 100)
    kept = framed(np.full_like(image, 255), LUNGS.model_copy(update={"outside": "blank", "margin": 0.2})).image > 0
    plain = framed(image, LUNGS.model_copy(update={"margin": 0.2})).image
    assert np.array_equal(framed(image, spec).image, standardise(plain, rule, kept))


def test_where_no_lungs_are_found_the_whole_image_is_taken(put_lungs):
    put_lungs((0, 0, 1, 1), found=False)
    image = scene(100, 120)
    for part in ("outside", "inside"):
        result = framed(image, LUNGS.model_copy(update={part: "blank"}))
        assert not result.found
        assert np.array_equal(result.image, framed(image, InputSpec(height=40, width=40)).image)


def test_an_input_without_lungs_does_not_look_for_them(monkeypatch, tmp_path):
    def fail(grey):
        raise AssertionError("looked for lungs")

    monkeypatch.setattr(frame, "find_lungs", fail)
    path = save(tmp_path / "a.png", scene(50, 60))
    result = decode_framed(path, InputSpec(height=40, width=40, margin=0.3))
    assert result.found and np.array_equal(result.image, decode(path, InputSpec(height=40, width=40)))


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (1, 1), (2, 3), (17, 20), (63, 63)])
def test_tiny_images_are_framed_too(put_lungs, tmp_path, shape):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, shape).astype(np.uint8)
    for spec in (LUNGS, LUNGS.model_copy(update={"outside": "blank", "intensity": "equalise", "resize": "fit"})):
        assert framed(image, spec).image.shape == (40, 40)
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG")
        (tmp_path / "a.jpeg").write_bytes(file.getvalue())
        assert decode(str(tmp_path / "a.jpeg"), spec).shape == (40, 40)


@pytest.mark.parametrize("shape", [(1, 40), (1, 1), (17, 20), (63, 63)])
def test_the_shipped_network_takes_tiny_images(shape):
    image = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    assert framed(image, LUNGS).image.shape == (40, 40)
