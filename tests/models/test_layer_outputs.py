"""The maps of layers: those that the network itself computes, from nested networks and members of ensembles too."""

import keras
import numpy as np
import pytest
from keras import layers

from chestnut.config import InputSpec
from chestnut.models.ensemble import join
from chestnut.models.gradients.layer_outputs import LayerOutputs

IMAGE = np.random.default_rng(0).uniform(0, 255, (1, 24, 20, 1)).astype(np.float32)


def nested():
    """A network with a block in a block, a frame of zeros, and two branches."""
    inner = keras.Sequential([keras.Input((24, 20, 1)), layers.Conv2D(4, 3, name="first"), layers.ReLU(name="relu")])
    image = keras.Input((24, 20, 1))
    x = layers.ZeroPadding2D()(inner(layers.Rescaling(1 / 255)(image)))
    x = layers.Add(name="sum")([layers.Conv2D(5, 1, name="left")(x), layers.Conv2D(5, 3, padding="same")(x)])
    x = layers.GlobalAveragePooling2D()(layers.MaxPooling2D()(x))
    return keras.Model(image, layers.Dense(2)(x)), inner


def test_the_maps_are_those_of_the_layers_themselves():
    network, inner = nested()
    outputs = LayerOutputs(network)
    assert [layer.name for layer in outputs.layers][:3] == ["first", "relu", "left"]
    assert outputs.layers[-1].name == "sum" and outputs.layers[-1].channels == 5
    first, total = outputs.compute(IMAGE, ["relu", "sum"])
    np.testing.assert_allclose(first, keras.ops.convert_to_numpy(inner(IMAGE / 255)), atol=1e-5)
    (alone,) = outputs.compute(IMAGE, ["sum"])  # of a single output, Keras makes no list
    np.testing.assert_allclose(alone, total, atol=1e-5)
    whole = keras.ops.convert_to_numpy(network(IMAGE))
    tail = keras.ops.convert_to_numpy(network.layers[-1](network.layers[-2](network.layers[-3](total))))
    np.testing.assert_allclose(tail, whole, atol=1e-5)
    np.testing.assert_array_equal(outputs.first_kernels(), inner.get_layer("first").get_weights()[0])


def test_the_layers_of_an_ensemble_belong_to_its_members():
    members = [nested()[0] for _ in range(2)]
    both = LayerOutputs(join(members, [1.0, 2.0], InputSpec(height=24, width=20, channels=1)))
    assert {layer.member for layer in both.layers} == {1, 2}
    for number, member in enumerate(members, 1):
        alone = LayerOutputs(member)
        names = [layer.name for layer in both.layers if layer.member == number]
        expected = alone.compute(IMAGE, [layer.name for layer in alone.layers])
        for found, known in zip(both.compute(IMAGE, names), expected, strict=True):
            np.testing.assert_allclose(found, known, atol=1e-5)
        np.testing.assert_array_equal(both.first_kernels(number), alone.first_kernels())


@pytest.mark.parametrize(
    "body", [[layers.Flatten()], [layers.Conv2D(3, 1), layers.Flatten()], [layers.DepthwiseConv2D(3), layers.Flatten()]]
)
def test_a_network_that_looks_at_no_neighbours_has_no_maps(body):
    network = keras.Sequential([keras.Input((8, 8, 1)), *body, layers.Dense(2)])
    assert LayerOutputs(network).layers == () and LayerOutputs(network).first_kernels() is None
