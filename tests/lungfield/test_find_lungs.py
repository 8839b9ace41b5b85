"""The lungs of an image are found, whatever the image; and an image without two lungs is said to have none."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.data.phantom.radiograph import draw_patient
from chestnut.errors import DataError, ImageError, ModelFileError
from chestnut.lungfield import network
from chestnut.lungfield.find import find_boxes, find_lungs, find_many
from chestnut.lungfield.lungs import WHOLE

SIDE = 160


@pytest.fixture(scope="module")
def phantoms():
    """Phantoms of a seed on which the network was not trained, with their true lungs."""
    return [image for number in range(3) for image in draw_patient(number, size=SIDE, seed=31)]


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def test_the_outline_agrees_with_the_true_lungs(phantoms):
    for image in phantoms:
        lungs = find_lungs(image.pixels)
        assert lungs.found and not lungs.reason and lungs.confidence > 0.8
        assert dice(lungs.mask, image.lungs) > 0.93
        half = np.arange(SIDE) >= SIDE / 2
        assert dice(lungs.left, image.lungs & half) > 0.9 < dice(lungs.right, image.lungs & ~half)


def test_the_box_surrounds_the_true_lungs(phantoms):
    for image in phantoms:
        rows, columns = (np.flatnonzero(image.lungs.any(axis)) for axis in (1, 0))
        true = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
        assert find_lungs(image.pixels).box == pytest.approx(true, abs=0.05 * SIDE)


def test_the_hull_contains_the_outline(phantoms):
    for image in phantoms:
        lungs = find_lungs(image.pixels)
        drawn = np.zeros(lungs.size, np.uint8)
        cv2.fillConvexPoly(drawn, np.rint(lungs.hull * SIDE - 0.5).astype(np.int32), 1)
        assert (lungs.mask & (drawn == 0)).sum() < 0.01 * lungs.mask.sum()


CHANGES = {
    "inverted": lambda grey: 255 - grey,
    "darker": lambda grey: (255 * (grey / 255.0) ** 2).astype(np.uint8),
    "of little contrast": lambda grey: (110 + 0.25 * grey).astype(np.uint8),
    "twice as wide": lambda grey: cv2.resize(grey, (2 * SIDE, SIDE)),
    "40 pixels": lambda grey: cv2.resize(grey, (40, 40), interpolation=cv2.INTER_AREA),
    "collimated": lambda grey: np.where((np.arange(SIDE) > 8) & (np.arange(SIDE) < SIDE - 8), grey, np.uint8(0)),
    "off-centre": lambda grey: cv2.copyMakeBorder(grey, 10, 60, 70, 0, cv2.BORDER_CONSTANT, value=0),
    "in a white frame": lambda grey: cv2.copyMakeBorder(grey, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=255),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_lungs_are_found_in_images_that_differ(phantoms, change):
    for image in phantoms[:2]:
        true = change(image.lungs.astype(np.uint8) * 255) > 127 if change is not CHANGES["inverted"] else image.lungs
        if change in (CHANGES["darker"], CHANGES["of little contrast"], CHANGES["collimated"]):
            true = image.lungs
        if change is CHANGES["in a white frame"]:
            true = cv2.copyMakeBorder(image.lungs.astype(np.uint8), 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=0) > 0
        lungs = find_lungs(change(image.pixels))
        assert lungs.found
        assert dice(lungs.mask, true) > 0.88


def test_a_stretched_copy_has_the_same_box(phantoms):
    grey = phantoms[0].pixels
    wide = find_lungs(cv2.resize(grey, (3 * SIDE, 2 * SIDE), interpolation=cv2.INTER_CUBIC))
    assert wide.shares == pytest.approx(find_lungs(grey).shares, abs=0.02)


def test_a_mirrored_image_has_mirrored_lungs(phantoms):
    for image in phantoms:
        plain, mirrored = find_lungs(image.pixels), find_lungs(np.ascontiguousarray(image.pixels[:, ::-1]))
        assert dice(plain.left, mirrored.right[:, ::-1]) > 0.93
        top, left, bottom, right = plain.shares
        assert mirrored.shares == pytest.approx((top, 1 - right, bottom, 1 - left), abs=0.04)


def test_a_white_lung_still_gives_both_lungs(phantoms):
    image = phantoms[0]
    grey = image.pixels.astype(np.float32)
    lower = (image.lungs & (np.arange(SIDE) > SIDE / 2) & (np.arange(SIDE)[:, None] > SIDE / 2)).astype(np.float32)
    white = grey + cv2.GaussianBlur(lower, (0, 0), 4) * (200 - grey)
    lungs = find_lungs(white.clip(0, 255).astype(np.uint8))
    assert lungs.found
    assert lungs.shares == pytest.approx(find_lungs(image.pixels).shares, abs=0.08)


def photograph(number):
    from sklearn.datasets import load_sample_images

    return cv2.cvtColor(load_sample_images().images[number], cv2.COLOR_RGB2GRAY)


def page():
    drawn = np.full((800, 600), 250, np.uint8)
    for row in range(40, 780, 24):
        cv2.putText(drawn, "the lungs were clear on both sides", (30, row), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 10, 2)
    return drawn


def hand():
    drawn = np.full((300, 240), 10, np.uint8)
    for tip in ((30, 90), (80, 30), (125, 20), (170, 40), (215, 140)):
        cv2.line(drawn, (120, 250), tip, 90, 26)
        cv2.line(drawn, (120, 250), tip, 200, 9)
    cv2.circle(drawn, (120, 230), 45, 110, -1)
    return cv2.GaussianBlur(drawn, (0, 0), 2)


NO_LUNGS = {
    "a photograph of a temple": lambda: photograph(0),
    "a photograph of a flower": lambda: photograph(1),
    "a page of text": page,
    "a hand": hand,
    "noise": lambda: np.random.default_rng(0).integers(0, 256, (300, 300)).astype(np.uint8),
    "black": lambda: np.zeros((224, 224), np.uint8),
    "white": lambda: np.full((224, 224), 255, np.uint8),
    "a ramp": lambda: np.tile(np.arange(256, dtype=np.uint8), (256, 1)),
    "one pixel": lambda: np.array([[7]], np.uint8),
    "one row": lambda: np.arange(200, dtype=np.uint8)[None],
}


@pytest.mark.parametrize("draw", NO_LUNGS.values(), ids=NO_LUNGS)
def test_a_picture_without_lungs_is_refused(draw):
    lungs = find_lungs(draw())
    assert not lungs.found and lungs.reason
    assert lungs.shares == WHOLE
    assert lungs.box == (0, 0, *lungs.size)
    assert lungs.hull.tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert lungs.mask.shape == lungs.size


@pytest.mark.slow
def test_no_sample_of_pydicom_is_taken_for_a_chest():
    """Slices of CT and MR, ultrasound, spines and test patterns: none shows two lungs from the front."""
    import pydicom

    import chestnut as cn

    read = []
    for path in sorted((Path(pydicom.__file__).parent / "data" / "test_files").rglob("*")):
        try:
            read.append((path.name, cn.lungs(path).found))
        except ImageError:
            continue  # no image, or of several frames
    assert len(read) > 50
    assert [name for name, found in read if found] == []


def test_one_lung_alone_is_refused(phantoms):
    for image in phantoms[:3]:
        for half in (image.pixels[:, : SIDE // 2], image.pixels[:, SIDE // 2 :]):
            assert not find_lungs(np.ascontiguousarray(half)).found


def test_a_head_that_hangs_down_is_refused(phantoms):
    assert not any(find_lungs(np.ascontiguousarray(image.pixels[::-1])).found for image in phantoms)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_any_image_gives_a_box_inside_it(height, width, seed, coarse):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (-(-height // coarse), -(-width // coarse))).astype(np.uint8)
    lungs = find_lungs(cv2.resize(small, (width, height)))
    top, left, bottom, right = lungs.box
    assert 0 <= top < bottom <= height and 0 <= left < right <= width
    assert 0 <= lungs.confidence <= 1
    assert lungs.found == (lungs.reason == "")
    inside = np.zeros(lungs.size, bool)
    inside[top:bottom, left:right] = True
    assert not (lungs.mask & ~inside).any()
    assert lungs.hull.min() >= 0 and lungs.hull.max() <= 1


def test_many_are_found_as_one_alone(phantoms):
    images = np.stack([image.pixels for image in phantoms])
    told = []
    for one, image in zip(find_many(images, lambda *done: told.append(done)), images, strict=True):
        alone = find_lungs(image)
        assert np.array_equal(one.fields, alone.fields)
        assert (one.shares, one.confidence) == (alone.shares, alone.confidence)
    assert told[-1] == (len(images), len(images))
    assert find_many(images[:0]) == []


def test_the_boxes_of_many_are_theirs_or_nan(phantoms):
    images = np.stack([*(image.pixels for image in phantoms), np.zeros_like(phantoms[0].pixels)])
    told = []
    boxes = find_boxes(images, lambda *done: told.append(done))
    np.testing.assert_array_equal(boxes[:-1], [find_lungs(image).shares for image in images[:-1]])
    assert np.isnan(boxes[-1]).all() and told[-1] == (len(images), len(images))
    assert find_boxes(images[:0]).shape == (0, 4)


def test_threads_share_the_network(phantoms):
    images = [image.pixels for image in phantoms] * 3
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(find_lungs, images))
    for one, alone in zip(found, find_many(images), strict=True):
        assert np.array_equal(one.fields, alone.fields)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_has_a_network_of_its_own(phantoms):
    image = phantoms[0].pixels
    before = find_lungs(image).shares  # the parent has a session before it forks
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, repr(tuple(find_lungs(image).shares)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        assert answer.read() == repr(tuple(before))
    assert os.waitpid(child, 0)[1] == 0


def test_the_library_is_kept_from_reporting_its_use(phantoms):
    find_lungs(phantoms[0].pixels)
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


@pytest.mark.parametrize("given", [np.zeros((4, 4)), np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4), np.uint8), "x"])
def test_other_arrays_are_refused(given):
    with pytest.raises(DataError, match="give grey values from 0 to 255, uint8"):
        find_lungs(given)


@pytest.fixture
def model_file(tmp_path, monkeypatch):
    """A copy of the model file, which the network reads; sessions of before and after are forgotten."""
    copy = tmp_path / "lungs.onnx"
    copy.write_bytes(network._FILE.read_bytes())
    monkeypatch.setattr(network, "_FILE", copy)
    network._session.cache_clear()
    yield copy
    network._session.cache_clear()


def test_a_missing_model_file_is_named(model_file: Path):
    model_file.unlink()
    with pytest.raises(ModelFileError, match=r"lungs\.onnx: .* cannot be read \(No such file .*\): install chestnut"):
        find_lungs(np.zeros((9, 9), np.uint8))


def test_commands_say_it_in_one_line_and_blame_no_image(model_file: Path, chestnut):
    from chestnut.config import InputSpec
    from chestnut.data.decoding.decode import decode

    for folder in ("a", "b"):
        (chestnut.folder / "data" / folder).mkdir(parents=True)
        cv2.imwrite(str(chestnut.folder / "data" / folder / "one.png"), np.zeros((40, 40), np.uint8))
    model_file.unlink()
    status, _, said = chestnut("show", "data", "--lungs")
    assert status == 2
    assert "lungs.onnx" in said and "install chestnut again" in said and "Traceback" not in said
    with pytest.raises(ModelFileError):
        decode(str(chestnut.folder / "data" / "a" / "one.png"), InputSpec(height=32, width=32, frame="lungs"))


def test_a_changed_model_file_is_named(model_file: Path):
    stored = bytearray(model_file.read_bytes())
    stored[len(stored) // 2] ^= 1
    model_file.write_bytes(stored)
    with pytest.raises(ModelFileError, match=r"lungs\.onnx: .* has changed: install chestnut again"):
        find_lungs(np.zeros((9, 9), np.uint8))
