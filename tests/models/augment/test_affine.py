"""Geometry against SciPy's resampling."""

import numpy as np
from scipy import ndimage

from chestnut.config import AugmentConfig
from chestnut.models.augment import RandomAffine


def test_a_flip_is_a_mirror_image_or_none(images):
    out = np.asarray(RandomAffine(AugmentConfig(flip=True), seed=3)(images, training=True))
    kept = [np.allclose(a, b, atol=1e-2) for a, b in zip(out, images, strict=True)]
    mirrored = [np.allclose(a, b[:, ::-1], atol=1e-2) for a, b in zip(out, images, strict=True)]
    assert all(a != b for a, b in zip(kept, mirrored, strict=True))
    assert any(kept) and any(mirrored)


def test_an_affine_change_is_one_bilinear_resampling(images):
    config = AugmentConfig(rotation=25, shift=0.1, zoom=0.2, aspect=0.3, shear=10)
    layer, twin = RandomAffine(config, seed=1), RandomAffine(config, seed=1)
    out = np.asarray(layer(images, training=True))[..., 0]
    a0, a1, a2, b0, b1, b2, _, _ = np.asarray(twin._matrices(6, 40.0, 48.0)).T.astype(float)
    for index in range(6):
        matrix = [[b1[index], b0[index]], [a1[index], a0[index]]]
        expected = ndimage.affine_transform(
            images[index, ..., 0].astype(float), matrix, (b2[index], a2[index]), order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(out[index], expected, atol=0.5)


def test_aspect_widens_what_it_flattens():
    """A disc becomes an ellipse of the same area; the ratio of its axes stays in range and varies."""
    y, x = np.mgrid[:96, :96] - 47.5
    disc = np.repeat((255.0 * (x * x + y * y < 20**2))[None, ..., None], 64, axis=0)
    out = np.asarray(RandomAffine(AugmentConfig(aspect=0.4), seed=5)(disc, training=True))[..., 0]
    wide, tall = (out[:, 48] > 127).sum(axis=1), (out[:, :, 48] > 127).sum(axis=1)
    ratio = wide / tall
    assert ratio.min() > 0.57 and ratio.max() < 1.75
    assert ratio.min() < 0.7 and ratio.max() > 1.4
    np.testing.assert_allclose(wide * tall, 40 * 40, rtol=0.08)
