"""Shifts: what holds for each of them, and that styles and markers do what their names say."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from chestnut.errors import DataError
from chestnut.robustness.framings import continue_edges, draw_body
from chestnut.robustness.scanner_styles import StyleBank, match_fourier, match_histogram
from chestnut.robustness.shifts import SHIFTS, Shifted, find_shift
from chestnut.robustness.side_markers import paste_marker, remove_markers

SIDE = 64


@pytest.fixture(scope="module")
def images():
    """Smooth grey pictures with some noise, the second class brighter than the first."""
    random = np.random.default_rng(0)
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    targets = np.arange(60) % 2
    waves = [np.sin(2 * np.pi * (down * a + across * b)) for a, b in random.uniform(0.5, 2, (60, 2))]
    grey = [70 + 60 * target + 40 * wave for target, wave in zip(targets, waves, strict=True)]
    return np.clip(np.array(grey) + random.normal(0, 5, (60, SIDE, SIDE)), 0, 255).astype(np.uint8), targets


def shifted(name, images, seed=0):
    pixels, targets = images
    return Shifted(find_shift(name), pixels, targets, StyleBank(pixels, targets), seed)


@pytest.mark.parametrize("name", SHIFTS)
def test_a_shift_keeps_the_shape_repeats_itself_and_changes_the_image(name, images):
    pixels, whole = images[0], shifted(name, images)[:]
    assert whole.shape == pixels.shape and whole.dtype == np.uint8
    parts = np.concatenate([shifted(name, images)[start : start + 7] for start in range(0, len(pixels), 7)])
    np.testing.assert_array_equal(whole, parts)
    changed = np.flatnonzero((whole != pixels).any(axis=(1, 2)))
    assert name == "marker-removed" or len(changed) > 0.8 * len(pixels)  # no markers here to remove


@pytest.mark.parametrize("name", ["noise", "marker-added", "histogram-mixed", "fourier-mixed", "scanner-mixed"])
def test_another_seed_draws_anew(name, images):
    assert (shifted(name, images)[:] != shifted(name, images, seed=1)[:]).any()


def test_images_that_are_not_square_keep_their_shape():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 48, 80), dtype=np.uint8)
    for name in SHIFTS:
        assert shifted(name, (pixels, np.arange(4) % 2))[:].shape == pixels.shape


@given(st.integers(0, 2**32), st.sampled_from([2, 20, 256]))
@settings(max_examples=40, deadline=None)
def test_matched_grey_values_are_those_of_the_style(seed, greys):
    random = np.random.default_rng(seed)
    style = random.integers(0, greys, (16, 16)).astype(np.uint8)
    image = random.permutation(256).astype(np.uint8).reshape(16, 16)
    matched = match_histogram(image, style)
    np.testing.assert_array_equal(np.sort(matched, axis=None), np.sort(style, axis=None))
    assert (np.diff(matched.ravel()[np.argsort(image, axis=None)].astype(int)) >= 0).all()


def test_brightness_tells_the_class_no_longer_once_styles_are_mixed_and_lies_once_they_are_swapped(images):
    targets = images[1]
    means = {name: shifted(f"{name}", images)[:].mean(axis=(1, 2)) for name in ("histogram-mixed", "histogram-swapped")}
    assert roc_auc_score(targets, images[0].mean(axis=(1, 2))) > 0.95
    assert 0.25 < roc_auc_score(targets, means["histogram-mixed"]) < 0.75
    assert roc_auc_score(targets, means["histogram-swapped"]) < 0.05


def test_fourier_transfer_takes_the_coarse_amplitudes_and_keeps_the_rest(images):
    image, style = images[0][0], images[0][1]
    made = match_fourier(image, style)
    assert made.mean() == pytest.approx(style.mean(), abs=1.5)
    np.testing.assert_allclose(match_fourier(image, image), image, atol=1)
    fine = np.abs(np.fft.rfft2(image.astype(float)))[8:24, 8:24]
    np.testing.assert_allclose(np.abs(np.fft.rfft2(made.astype(float)))[8:24, 8:24], fine, atol=0.2 * fine.max())


def test_fourier_transfer_changes_an_image_alike_at_every_size(images):
    def change(size: int) -> np.ndarray:
        image, style = (cv2.resize(one, (size, size), interpolation=cv2.INTER_CUBIC) for one in images[0][:2])
        difference = match_fourier(image, style).astype(float) - image
        return cv2.resize(difference, (48, 48), interpolation=cv2.INTER_AREA)

    small, large = change(96), change(384)
    assert np.abs(small).mean() > 3
    assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.97


def test_a_marker_is_white_and_near_an_edge_and_can_be_taken_away():
    plain = np.tile(np.linspace(60, 90, 224).astype(np.uint8), (224, 1))
    removed = 0
    for seed in range(20):
        marked = paste_marker(plain, np.random.default_rng(seed))
        rows, columns = np.nonzero(marked != plain)
        assert marked.max() >= 235 and 5 <= np.ptp(rows) <= 30
        assert min(columns.min(), 223 - columns.max()) <= 30 and min(rows.min(), 223 - rows.max()) <= 30
        removed += remove_markers(marked).max() < 130
    assert removed >= 15
    np.testing.assert_array_equal(remove_markers(plain), plain)


FRAMING = ("field-wider", "off-centre", "letterbox", "border-black", "border-white", "arms-abdomen")


@pytest.mark.parametrize("name", FRAMING)
def test_framing_shifts_keep_the_whole_image_in_view_smaller(name):
    import cv2

    pixels = np.tile(np.linspace(0, 255, 90), (100, 1)).astype(np.uint8)
    pixels[:30, 20:60] = 255
    pixels[70:, 30:50] = 0
    for seed in range(5):
        made = shifted(name, (np.stack([pixels, pixels]), np.arange(2)), seed)[:][0]
        shapes = {"letterbox": [(65, 90), (100, 58)]}.get(name, [(75, 68), (70, 63)])
        closeness = [
            cv2.matchTemplate(made, cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA), cv2.TM_SQDIFF).min()
            for h, w in shapes
        ]
        assert min(closeness) < 100  # of 65,025 for one pixel: rounding


def test_body_parts_are_drawn_outside_of_the_image():
    image = np.full((100, 100), 128, np.uint8)
    drawn = draw_body(image, np.zeros_like(image), np.random.default_rng(0))
    assert drawn[90, 40:60].min() > 100 and drawn[50, :12].max() > 100 and drawn[50, 88:].max() > 100
    assert not drawn[:50, 30:70].any()


def test_continued_edges_are_those_of_the_image_and_fade():
    image = np.full((100, 100), 10, np.uint8)
    image[-20:] = 200
    around = continue_edges(image, 0.15, 0.15, 0.7, 0.7)
    assert around[87, 50] > 180 and around[99, 50] < around[87, 50] and around[5, 50] <= 10


def test_the_documentation_lists_every_shift():
    page = (Path(__file__).parents[2] / "docs" / "stress.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", page.split("## The role of the shortcut")[0], flags=re.M) == [
        (shift.name, shift.summary) for shift in SHIFTS.values()
    ]


def test_an_unknown_shift_is_refused_with_near_matches():
    with pytest.raises(DataError, match=r"no shift 'bluur'; did you mean blur\?"):
        find_shift("bluur")
