"""What all augmentation layers share, and which a recipe asks for."""

import keras
import numpy as np
import pytest
from keras import ops

from chestnut.config import AugmentConfig
from chestnut.models.augment import augmentation

EVERYTHING = AugmentConfig(
    style=1.0,
    fourier=0.1,
    flip=True,
    rotation=20,
    aspect=0.3,
    gamma=0.3,
    detail=0.5,
    noise=0.1,
    border=0.2,
    erase=0.5,
    marker=0.3,
    resolution=0.7,
    jpeg=0.9,
)


def test_nothing_asked_for_is_no_layer():
    assert augmentation(AugmentConfig(), 0) == []


@pytest.mark.parametrize(
    ("field", "value", "layer"),
    [
        ("style", 0.5, "style"),
        ("fourier", 0.1, "style"),
        ("flip", True, "affine"),
        ("aspect", 0.3, "affine"),
        ("gamma", 0.2, "photometric"),
        ("detail", 0.5, "photometric"),
        ("border", 0.1, "cover"),
        ("erase", 0.1, "cover"),
        ("marker", 0.9, "cover"),
        ("resolution", 0.5, "degrade"),
        ("jpeg", 0.5, "degrade"),
    ],
)
def test_each_field_makes_its_layer_and_no_other(field, value, layer, images):
    (made,) = augmentation(AugmentConfig(**{field: value}), 0)
    images = np.repeat(images, 4, axis=0)
    assert made.name == layer
    assert np.abs(np.asarray(made(images, training=True)) - images).max() > 1


def test_a_layer_a_kind_in_the_order_of_taking_a_picture():
    assert [layer.name for layer in augmentation(EVERYTHING, 0)] == [
        "style",
        "affine",
        "photometric",
        "cover",
        "degrade",
    ]


def test_images_are_left_alone_outside_training(images):
    for layer in augmentation(EVERYTHING, 0):
        np.testing.assert_array_equal(np.asarray(layer(images, training=False)), images)


@pytest.mark.parametrize("field", [{"fourier": 0.1}, {"rotation": 20}, {"noise": 0.2}, {"erase": 0.5}, {"jpeg": 0.9}])
def test_each_kind_leaves_a_share_of_the_images_clean(field, images):
    (layer,) = augmentation(AugmentConfig(clean=0.7, **field), 0)
    many = np.tile(images, (50, 1, 1, 1))
    kept = (np.asarray(layer(many, training=True)) == many).all(axis=(1, 2, 3))
    assert 0.62 < kept.mean() < 0.82  # and a rectangle may be too small to hit a pixel


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(40, 48), (37, 51)])
def test_shape_and_range_are_kept_and_equal_channels_stay_equal(channels, size, images):
    changed = np.repeat(images[:, : size[0], : size[1]], channels, axis=-1)
    changed = np.pad(changed, [(0, 0), (0, size[0] - changed.shape[1]), (0, size[1] - changed.shape[2]), (0, 0)])
    shape = changed.shape
    for layer in augmentation(EVERYTHING, 0):
        changed = np.asarray(layer(changed, training=True))
        assert changed.shape == shape
        assert changed.min() >= 0 and changed.max() <= 255 + 1e-3
        np.testing.assert_array_equal(changed, changed[..., :1].repeat(channels, axis=-1))


def test_batches_of_any_size_are_changed_in_a_compiled_step(images):
    """Within `fit` the batch's size is not known when the layers are traced, and the last batch is smaller."""

    class Changed(keras.Model):
        def __init__(self):
            super().__init__()
            self.before = augmentation(EVERYTHING, 0)
            self.after = keras.layers.Dense(1)

        def call(self, images, training=False):
            for layer in self.before:
                images = layer(images, training=training)
            return self.after(ops.mean(images, axis=(1, 2)) / 255.0)

    model = Changed()
    model.compile("sgd", "mse", jit_compile=False)
    history = model.fit(images, np.zeros((6, 1)), batch_size=4, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_two_layers_of_one_seed_change_alike_and_each_call_differently(images):
    config = EVERYTHING
    first, second = (augmentation(config, 7) for _ in range(2))
    ours = [np.asarray(layer(images, training=True)) for layer in first]
    theirs = [np.asarray(layer(images, training=True)) for layer in second]
    np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(ours[0], np.asarray(first[0](images, training=True)))
