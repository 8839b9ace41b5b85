"""Grey values: SciPy's blur, and ranges."""

import numpy as np
import pytest
from scipy import ndimage

from chestnut.config import AugmentConfig
from chestnut.models.augment import RandomPhotometric


def test_a_blur_is_scipys_gaussian(images):
    layer = RandomPhotometric(AugmentConfig(blur=1.5), seed=2)
    twin = RandomPhotometric(AugmentConfig(blur=1.5), seed=2)
    out = np.asarray(layer(images, training=True))[..., 0]
    for image, result, sigma in zip(images[..., 0], out, np.asarray(twin._uniform(6, 0.0, 1.5)), strict=True):
        expected = ndimage.gaussian_filter(image.astype(float), sigma, mode="mirror", radius=4)
        np.testing.assert_allclose(result, expected, atol=0.1)


def test_detail_is_what_scipys_gaussian_removes_times_a_gain(images):
    layer, twin = (RandomPhotometric(AugmentConfig(detail=0.6), seed=3) for _ in range(2))
    side = min(images.shape[1:3])
    out = np.asarray(layer(images, training=True))[..., 0]
    widths = np.asarray(twin._uniform(6, 0.005 * side, 0.02 * side))
    gains = np.exp(np.asarray(twin._uniform(6, np.log(0.4), -np.log(0.4))))
    assert gains.min() < 0.8 and gains.max() > 1.25, "some images must lose detail and some gain it"
    for image, result, width, gain in zip(images[..., 0], out, widths, gains, strict=True):
        smooth = ndimage.gaussian_filter(image.astype(float), width, mode="mirror", radius=int(np.ceil(0.05 * side)))
        expected = np.clip(smooth + gain * (image - smooth), 0, 255)
        np.testing.assert_allclose(result, expected, atol=0.1)


@pytest.mark.parametrize("change", ["brightness", "contrast", "gamma", "detail", "noise"])
def test_grey_values_stay_in_range_and_differ_by_image(images, change):
    out = np.asarray(RandomPhotometric(AugmentConfig(**{change: 0.4}), seed=0)(images, training=True))
    assert out.min() >= 0 and out.max() <= 255
    assert len(np.unique(np.abs(out - images).mean(axis=(1, 2, 3)).round(3))) == len(images)
