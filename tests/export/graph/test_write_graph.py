"""ONNX that is written by rules computes what Keras computes: for each recipe and each kind of layer."""

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers, ops

from chestnut.config import load_recipe
from chestnut.export.graph.graph import UnknownPartError
from chestnut.export.graph.write import write_graph
from chestnut.export.grey_network import from_grey
from chestnut.training.starting_network import assemble

SEED = np.random.default_rng(5)


def compare(network, images):
    """Return the outputs of a network of named outputs by ONNX Runtime, having seen that Keras's are the same."""
    quiet = onnxruntime.SessionOptions()
    quiet.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(write_graph(network, 18), quiet)
    names = [one.name for one in session.get_outputs()]
    found = dict(zip(names, session.run(names, {session.get_inputs()[0].name: images}), strict=True))
    expected = network.predict_on_batch(images)
    assert set(found) == set(expected)
    for name, values in found.items():
        np.testing.assert_allclose(values, np.asarray(expected[name]), atol=2e-5, rtol=2e-5)
    return found


def disturb(network):
    """Give weights values by which a wrong rule shows."""
    for weight in network.weights:
        if "seed" not in weight.path:
            weight.assign(
                SEED.uniform(0.2, 0.9, weight.shape) * SEED.choice([-1, 1], weight.shape) ** (weight.ndim > 1)
            )


@pytest.mark.parametrize("name", ["cnn-small", "cnn-gap", "mlp", "hog-logistic", "pca-svm"])
def test_networks_of_recipes_are_written_by_rules(name):
    recipe = load_recipe(name, ["input.height=48", "input.width=40", "train.precision=float32"])
    network = from_grey(assemble(recipe, 2).network, recipe.input)
    compare(network, SEED.integers(0, 256, (3, 48, 40), dtype=np.uint8))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet-v2", "convnext-tiny"])
def test_backbones_are_written_by_rules(name):
    settings = ["input.height=64", "input.width=64", "train.precision=float32", "model.weights=none"]
    recipe = load_recipe(name, settings)
    network = from_grey(assemble(recipe, 2).network, recipe.input)
    compare(network, SEED.integers(0, 256, (2, 64, 64), dtype=np.uint8))


SAME = {"padding": "same", "strides": 2}
LAYERS = {
    "convolution": layers.Conv2D(4, (3, 2), activation="relu", **SAME),
    "dilated": layers.Conv2D(4, 3, dilation_rate=2, padding="same"),
    "groups": layers.Conv2D(6, 3, groups=3, use_bias=False),
    "depthwise": layers.DepthwiseConv2D(3, depth_multiplier=2, **SAME),
    "separable": layers.SeparableConv2D(5, 3, activation="tanh"),
    "dense": layers.Dense(4, activation="softmax"),
    "batch norm": layers.BatchNormalization(),
    "bare batch norm": layers.BatchNormalization(scale=False, center=False, epsilon=0.1),
    "layer norm": layers.LayerNormalization(epsilon=0.01),
    "rescaling": layers.Rescaling(0.5, offset=-1.0),
    "average pool": layers.AveragePooling2D(3, **SAME),
    "maximum pool": layers.MaxPooling2D((2, 3)),
    "global average": layers.GlobalAveragePooling2D(keepdims=True),
    "global maximum": layers.GlobalMaxPooling2D(),
    "padding": layers.ZeroPadding2D(((1, 2), (0, 3))),
    "cropping": layers.Cropping2D(((1, 0), (2, 1))),
    "upsampling": layers.UpSampling2D((2, 3)),
    "flat": layers.Flatten(),
    "reshape": layers.Reshape((7 * 9, 3)),
    "prelu": layers.PReLU(shared_axes=[1, 2]),
    "leaky": layers.LeakyReLU(0.3),
    "relu6": layers.ReLU(max_value=6.0, negative_slope=0.1),
    "elu": layers.ELU(0.7),
    "softmax": layers.Softmax(axis=2),
    "dropout": layers.Dropout(0.5),
    "nested": keras.Sequential([keras.Input((7, 9, 3)), layers.Conv2D(2, 2), layers.Activation("elu")]),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_each_layer_is_computed_as_keras_does(kind):
    image = keras.Input((7, 9, 3), name="image")
    network = keras.Model(image, {"out": type(LAYERS[kind]).from_config(LAYERS[kind].get_config())(image)})
    disturb(network)
    compare(network, SEED.uniform(-3, 9, (4, 7, 9, 3)).astype(np.float32))


@pytest.mark.parametrize(
    "name",
    [
        *("relu", "elu", "selu", "sigmoid", "tanh", "softplus", "softsign", "softmax", "exponential", "leaky_relu"),
        *("hard_sigmoid", "gelu", "silu", "hard_silu", "relu6", "linear", "log_softmax"),
    ],
)
def test_each_activation_is_computed_as_keras_does(name):
    given = keras.Input((6,), name="given")
    network = keras.Model(given, {"out": layers.Activation(name)(given)})
    compare(network, SEED.uniform(-8, 8, (50, 6)).astype(np.float32))


def test_operations_are_computed_as_keras_does():
    given = keras.Input((2, 6), name="given")
    up, right = given[:, :1], given[:, 1:]
    outputs = {
        "angle": ops.arctan2(up, right),
        "rest": ops.mod(given, 2.5),
        "sum": ops.sum(ops.square(given), axis=-1, keepdims=True),
        "together": ops.logsumexp(given, axis=1),
        "stacked": ops.stack([up, right], axis=1),
        "turned": ops.transpose(given, (0, 2, 1)),
        "product": ops.matmul(given, ops.convert_to_tensor(np.ones((6, 3), np.float32))),
        "thin": given[:, :, ::2],
        "least": ops.minimum(layers.Maximum()([up, right]), 0.5) / 3 - layers.Average()([up, right]),
    }
    values = SEED.integers(-3, 4, (200, 2, 6)).astype(np.float32)  # with zeros, for the angle's borders
    found = compare(keras.Model(given, outputs), values)
    assert found["angle"].max() == pytest.approx(np.pi)


def test_a_part_without_a_rule_is_named():
    image = keras.Input((4, 4, 1), name="image")
    network = keras.Model(image, {"out": layers.Conv2DTranspose(2, 3)(image)})
    with pytest.raises(UnknownPartError, match="the layer Conv2DTranspose"):
        write_graph(network, 18)
