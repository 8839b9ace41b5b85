"""Augmentation against slow references: SciPy's resampling and blur."""

import numpy as np
import pytest
from scipy import ndimage

from chestnut.config import AugmentConfig
from chestnut.models.layers import RandomAffine, RandomPhotometric, augmentation


@pytest.fixture
def images():
    random = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(random.uniform(0, 255, (6, 40, 48)), (0, 2, 2))
    return np.clip((smooth - 127) * 6 + 127, 0, 255).astype(np.uint8)[..., None]


def test_nothing_asked_for_is_no_layer():
    assert augmentation(AugmentConfig(), 0) == []


def test_geometry_and_grey_values_are_one_layer_each():
    config = AugmentConfig(flip=True, rotation=5, zoom=0.1, gamma=0.2, noise=0.1)
    assert [layer.name for layer in augmentation(config, 0)] == ["affine", "photometric"]


def test_images_are_left_alone_outside_training(images):
    for layer in augmentation(AugmentConfig(flip=True, rotation=20, noise=0.5), 0):
        np.testing.assert_array_equal(np.asarray(layer(images, training=False)), images)


def test_a_flip_is_a_mirror_image_or_none(images):
    out = np.asarray(RandomAffine(AugmentConfig(flip=True), seed=3)(images, training=True))
    kept = [np.allclose(a, b, atol=1e-2) for a, b in zip(out, images, strict=True)]
    mirrored = [np.allclose(a, b[:, ::-1], atol=1e-2) for a, b in zip(out, images, strict=True)]
    assert all(a != b for a, b in zip(kept, mirrored, strict=True))
    assert any(kept) and any(mirrored)


def test_an_affine_change_is_one_bilinear_resampling(images):
    layer = RandomAffine(AugmentConfig(rotation=25, shift=0.1, zoom=0.2, shear=10), seed=1)
    twin = RandomAffine(AugmentConfig(rotation=25, shift=0.1, zoom=0.2, shear=10), seed=1)
    out = np.asarray(layer(images, training=True))[..., 0]
    a0, a1, a2, b0, b1, b2, _, _ = np.asarray(twin._matrices(6, 40.0, 48.0)).T.astype(float)
    for index in range(6):
        matrix = [[b1[index], b0[index]], [a1[index], a0[index]]]
        expected = ndimage.affine_transform(
            images[index, ..., 0].astype(float), matrix, (b2[index], a2[index]), order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(out[index], expected, atol=0.5)


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


def test_two_layers_of_one_seed_change_alike_and_each_call_differently(images):
    config = AugmentConfig(rotation=20, noise=0.1)
    first, second = (augmentation(config, 7) for _ in range(2))
    ours = [np.asarray(layer(images, training=True)) for layer in first]
    theirs = [np.asarray(layer(images, training=True)) for layer in second]
    np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(ours[0], np.asarray(first[0](images, training=True)))
