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


@pytest.mark.parametrize("change", ["brightness", "contrast", "gamma", "noise"])
def test_grey_values_stay_in_range_and_differ_by_image(images, change):
    out = np.asarray(RandomPhotometric(AugmentConfig(**{change: 0.4}), seed=0)(images, training=True))
    assert out.min() >= 0 and out.max() <= 255
    assert len(np.unique(np.abs(out - images).mean(axis=(1, 2, 3)).round(3))) == len(images)
