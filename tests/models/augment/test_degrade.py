"""Loss of detail, against Pillow's JPEG and SciPy's averages."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from chestnut.config import AugmentConfig
from chestnut.models.augment import RandomDegrade
from chestnut.models.augment.degrade import _compress


@pytest.mark.parametrize("quality", [5, 20, 50, 75, 95])
def test_jpeg_is_pillows(images, quality):
    out = np.asarray(_compress(images.astype(np.float32), np.full(len(images), quality, np.float32)))[..., 0]
    for image, result in zip(images[..., 0], out, strict=True):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        expected = np.asarray(Image.open(file)).astype(float)
        assert np.abs(result - expected).mean() < 1
        assert (np.abs(result - expected) < 1.5).mean() > 0.9  # the rest: amplitudes half-way between two steps


def test_quality_is_drawn_from_its_range(images):
    many = np.repeat(images[:1], 200, axis=0)
    lost = np.abs(np.asarray(RandomDegrade(AugmentConfig(jpeg=0.9), seed=0)(many, training=True)) - many).mean(
        (1, 2, 3)
    )
    worst = np.abs(np.asarray(_compress(many[:1].astype(np.float32), np.array([10.0], np.float32))) - many[:1]).mean()
    assert lost.max() <= worst + 1e-3
    assert lost.max() > 0.8 * worst and lost.min() < 0.2 * worst


def test_resolution_is_lost_octave_by_octave(images):
    """A loss of 0.75 goes up to two halvings; what is left of a fine grating falls to nothing and means are kept."""
    grating = np.tile(np.array([0, 255], np.uint8), (64, 32, 20))[:, :32].reshape(64, 32, 40, 1)
    out = np.asarray(RandomDegrade(AugmentConfig(resolution=0.75), seed=1)(grating, training=True))[..., 0]
    left = out.std(axis=(1, 2)) / grating[..., 0].std(axis=(1, 2))
    assert left.max() > 0.9 and left.min() < 0.01
    np.testing.assert_allclose(out.mean(axis=(1, 2)), 127.5, atol=1)


def test_a_whole_octave_is_the_mean_of_four_pixels_enlarged(images):
    class Whole(RandomDegrade):
        def _each(self, batch, low, high):
            return np.full((batch, 1, 1, 1), low, np.float32)

    out = np.asarray(Whole(AugmentConfig(resolution=0.5), seed=0)(images, training=True))[..., 0]
    for image, result in zip(images[..., 0].astype(float), out, strict=True):
        small = image.reshape(20, 2, 24, 2).mean(axis=(1, 3))
        places = [(np.arange(size) + 0.5) / 2 - 0.5 for size in image.shape]
        expected = ndimage.map_coordinates(small, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
        np.testing.assert_allclose(result, expected, atol=0.01)
