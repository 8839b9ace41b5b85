"""Looks taken from other images, against sorting and NumPy's Fourier transform."""

import numpy as np
import pytest
from scipy import ndimage

from chestnut.config import AugmentConfig
from chestnut.models.augment import RandomStyle


@pytest.fixture
def batch():
    """Five scenes of different brightness and contrast."""
    random = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(random.normal(0, 1, (5, 48, 56)), (0, 3, 3))
    smooth /= smooth.std(axis=(1, 2), keepdims=True)
    level = np.array([60, 90, 120, 150, 180])[:, None, None]
    spread = np.array([10, 25, 15, 30, 20])[:, None, None]
    return np.clip(level + spread * smooth, 0, 255).astype(np.uint8)[..., None]


def lenders(layer, config):
    """The order that a layer of the same seed draws."""
    return np.asarray(RandomStyle(config, seed=layer)._draw_others(5))


def test_style_is_histogram_matching(batch):
    """The k-th darkest pixel of an image becomes about as dark as the k-th darkest of its lender."""
    config = AugmentConfig(style=1.0)
    out = np.asarray(RandomStyle(config, seed=4)(batch, training=True))
    order = lenders(4, config)
    assert (order != np.arange(5)).any()
    for result, image, lent in zip(out, batch, batch[order], strict=True):
        np.testing.assert_allclose(np.sort(result, axis=None), np.sort(lent, axis=None), atol=24)  # the tails
        assert np.abs(np.sort(result, axis=None) - np.sort(lent, axis=None)).mean() < 1.5
        ranks = np.argsort(image, axis=None, kind="stable")
        assert (np.diff(result.ravel()[ranks]) >= -1e-3).all()


def test_the_share_of_images_that_take_on_a_style(batch):
    many = np.repeat(batch, 60, axis=0)
    out = np.asarray(RandomStyle(AugmentConfig(style=0.4), seed=0)(many, training=True))
    kept = np.abs(out - many).max(axis=(1, 2, 3)) < 1
    assert 0.5 < kept.mean() < 0.8  # 0.6, and those that lend to their own kind


def test_a_black_margin_takes_on_the_dark_of_the_lender():
    margin = np.full((40, 40), 200, np.uint8)
    margin[:, :10] = 0
    plain = np.linspace(40, 240, 1600).reshape(40, 40).astype(np.uint8)
    pair = np.stack([margin, plain])[..., None]
    layer = RandomStyle(AugmentConfig(style=1.0), seed=0)
    changed = [np.asarray(layer(pair, training=True))[0, ..., 0] for _ in range(8)]
    styled = [image for image in changed if image.max() > 220]
    assert styled and all(abs(image[:, :10] - 90).max() < 8 for image in styled)


def test_fourier_moves_amplitudes_towards_the_lender_and_keeps_phases(batch):
    config = AugmentConfig(fourier=0.06)
    faint = 100 + (batch.astype(np.float32) - 120) / 8  # nothing is clipped
    layer, twin = RandomStyle(config, seed=9), RandomStyle(config, seed=9)
    out = np.asarray(layer(faint, training=True))[..., 0]
    order, share = np.asarray(twin._draw_others(5)), np.asarray(twin._each(5, 0.0, 1.0))[..., 0]
    before = np.fft.fft2(faint[..., 0])
    rows, columns = np.abs(np.fft.fftfreq(48)), np.abs(np.fft.fftfreq(56))
    low = (rows[:, None] <= 2 / 48 + 1e-9) & (columns[None] <= 3 / 56 + 1e-9)
    size = np.abs(before)
    mixed = size + share * (size[order] - size)
    expected = np.where(low, mixed * np.exp(1j * np.angle(before)), before)
    np.testing.assert_allclose(out, np.fft.ifft2(expected).real, atol=0.1)
    assert np.abs(out - faint[..., 0]).max() > 1
