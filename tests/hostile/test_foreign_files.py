"""Files of networks from strangers: each is refused in one line, before Keras sees it."""

import copy
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest

from chestnut.errors import ForeignFileError
from chestnut.models.foreign.file import ForeignFile
from chestnut.models.foreign.tables import read_tables

SHAPE = [None, 16, 16, 1]
GOOD = {
    "class_name": "Sequential",
    "config": {
        "name": "chain",
        "layers": [
            {"class_name": "InputLayer", "config": {"batch_input_shape": SHAPE, "dtype": "float32", "name": "in"}},
            {"class_name": "Flatten", "config": {"name": "flat", "data_format": "channels_last"}},
            {"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "sigmoid", "use_bias": True}},
        ],
    },
}
OUT = GOOD["config"]["layers"][2]


def dense(**changes):
    """A network whose last layer has other settings."""
    config = copy.deepcopy(GOOD)
    config["config"]["layers"][2]["config"] |= changes
    return config


def layer(kind, **settings):
    """A network with a layer of a kind before the last."""
    config = copy.deepcopy(GOOD)
    config["config"]["layers"].insert(2, {"class_name": kind, "config": {"name": "odd"} | settings})
    return config


def functional(*nodes, **changes):
    """A functional network of one layer, which is given what the nodes say."""
    entry = {"class_name": "Dense", "name": "out", "inbound_nodes": list(nodes), "config": OUT["config"]}
    first = {
        "class_name": "InputLayer",
        "name": "in",
        "inbound_nodes": [],
        "config": {"batch_shape": SHAPE, "name": "in"},
    }
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [["out", 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "f", "layers": [first, entry]} | ends | changes}


def write(path, config, arrays=None):
    """Write a whole-model file of a configuration, with the weights of the last layer."""
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {"keras_version": "2.4.0", "model_config": config if isinstance(config, str) else json.dumps(config)}
        )
        for name, array in (arrays or {"kernel": np.zeros((256, 1)), "bias": np.zeros(1)}).items():
            file[f"model_weights/out/{name}"] = array
    return path


CALL = [["in", 0, 0, {}]]
CONFIGS = {
    "lambda": (layer("Lambda", function=["4wEAAA==", None, None]), "its layer 'odd', a Lambda, runs Python code"),
    "lambda inside": (
        layer("Sequential", name="odd", layers=[{"class_name": "Lambda", "config": {"name": "deep"}}]),
        "its layer 'deep', a Lambda, runs Python code that lies in the file",
    ),
    "saved model": (layer("TFSMLayer", filepath="/x"), "its layer 'odd', a TFSMLayer, runs a SavedModel"),
    "hub": (layer("KerasLayer", handle="https://x"), "its layer 'odd', a KerasLayer, is a module of TensorFlow Hub"),
    "operation": (
        layer("TFOpLambda", function="io.read_file"), "its layer 'odd (io.read_file)', a TFOpLambda, is an operation",
    ),
    "custom layer": (layer("Attention9"), "its layer 'odd', a Attention9, is not among the layers that are accepted"),
    "custom network": ({"class_name": "Net", "config": {}}, "it is a 'Net', a class of its program's own"),
    "module": (
        layer("Dense", units=1, kernel_initializer={"module": "os", "class_name": "Zeros", "config": {}}),
        "its 'Zeros' is from 'os', which is not Keras",
    ),
    "function": (
        dense(activation={"class_name": "function", "module": "builtins", "config": "eval"}),
        "it uses the function 'eval'",
    ),
    "initializer": (
        dense(kernel_initializer={"module": "keras", "class_name": "get_file", "config": {"origin": "http://x"}}),
        "its layer 'get_file', a get_file, is not among",
    ),
    "activation": (dense(activation="hard_sigmoid"), "its layer 'out' has the activation 'hard_sigmoid'"),
    "billions": (dense(units=2 * 10**9), "declares units=2000000000, and no array in the file has that length"),
    "huge kernel": (layer("Conv2D", filters=1, kernel_size=[9999, 9999]), "has a kernel_size of 9999; 0 to 4,096"),
    "setting": (dense(magic=3), "its layer 'out' has magic=3, which is not understood"),
    "groups": (layer("DepthwiseConv2D", kernel_size=[3, 3], groups=2), "its layer 'odd' has groups=2"),
    "lora": (dense(lora_rank=4), "its layer 'out' has lora_rank=4, which is not understood"),
    "quantised": (dense(dtype="int8_from_float32"), "computes in int8_from_float32, and float32 is needed"),
    "channels first": (layer("MaxPooling2D", data_format="channels_first"), "takes images as channels_first"),
    "training": (functional([["in", 0, 0, {"training": True}]]), "its layer 'out' is called with training=True"),
    "mask": (functional([["in", 0, 0, {"mask": ["in", 0, 0]}]]), "its layer 'out' is called with mask"),
    "second output": (functional([["in", 0, 1, {}]]), "it takes the second output of a layer"),
    "two inputs": (functional(CALL, input_layers=[["in", 0, 0], ["in", 0, 0]]), "it has 2 inputs and 1 outputs"),
    "no layers": (functional(CALL, layers=[]), "its input is not an InputLayer"),
    "lacks": ({"class_name": "Functional", "config": {"name": "f"}}, "its configuration lacks something (KeyError"),
    "twice": (layer("Dense", name="out", units=1), "two of its layers have the name 'out'"),
    "text": ("{", "its configuration is not JSON"),
    "NaN": (json.dumps(dense(units=float("nan"))), "its configuration contains NaN, which is no number"),
    "a list": ("[]", "its configuration does not describe a network"),
}  # fmt: skip


def refusal(path):
    with pytest.raises(ForeignFileError) as caught:
        ForeignFile.read(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message and len(message) < 700
    return message


def test_a_good_file_is_read(tmp_path):
    file = ForeignFile.read(write(tmp_path / "model.h5", GOOD))
    assert file.graph.shape == (16, 16, 1) and file.keras == "2.4.0" and file.mended == ()


@pytest.mark.parametrize("kind", CONFIGS)
def test_what_is_not_accepted_is_named(tmp_path, kind):
    config, message = CONFIGS[kind]
    assert message in refusal(write(tmp_path / "model.h5", config))


def test_deep_tables_are_refused():
    with pytest.raises(ValueError, match="nested more than 64 deep"):
        read_tables('{"class_name": "Sequential", "config": ' + "[" * 100 + "]" * 100 + "}")


def weights_only(path):
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"out"]


def external(path):
    write(path, GOOD)
    with h5py.File(path, "a") as file:
        file["model_weights/more"] = h5py.ExternalLink("/etc/passwd", "/")


def outside(path):
    write(path, GOOD)
    with h5py.File(path, "a") as file:
        file.create_dataset("model_weights/more", (10,), "f4", external=[("/etc/passwd", 0, 40)])


def bomb(path):
    write(path, GOOD)
    with h5py.File(path, "a") as file:
        file.create_dataset("model_weights/more", (10**9,), "f4", chunks=(10**6,), compression="gzip")


def archive(**members):
    def make(path):
        with zipfile.ZipFile(path, "w") as file:
            for name, content in ({"config.json": json.dumps(GOOD)} | members).items():
                file.writestr(name, content)

    return make


FILES = {
    "weights alone": (weights_only, "it contains weights alone, or no network of Keras; save the network whole"),
    "external link": (external, "its weights 'more' are a link"),
    "outside": (outside, "its weights 'more' lie in another file"),
    "bomb": (bomb, "are compressed or incomplete"),
    "pickle": (lambda path: path.write_bytes(pickle.dumps({}, protocol=2)), "it is a file of PyTorch or pickle; save"),
    "text": (lambda path: path.write_text("hello"), "it is neither HDF5 nor a .keras file; save the network whole"),
    "empty": (lambda path: path.write_bytes(b""), "it is neither HDF5 nor a .keras file"),
    "cut": (lambda path: path.write_bytes(write(path, GOOD).read_bytes()[:700]), "damaged"),
    "no weights": (archive(), "it has no model.weights.h5, so it is not a whole network"),
    "code": (
        archive(**{"model.weights.h5": "", "x.py": "import os"}),
        "it contains 'x.py'",
    ),
    "a folder": (lambda path: path.mkdir(), "is a folder, perhaps a SavedModel; save the network whole"),
}


@pytest.mark.parametrize("kind", FILES)
def test_what_is_no_whole_network_is_named(tmp_path, kind):
    make, message = FILES[kind]
    path = tmp_path / "model.h5"
    make(path)
    assert message in refusal(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ForeignFileError, match=r"there is no file .*gone\.h5"):
        ForeignFile.read(tmp_path / "gone.h5")


def test_scalings_outside_of_layers_become_layers(tmp_path):
    """`preprocess_input` of MobileNet, called on a tensor, which Keras 2 wrote as operations of TensorFlow."""

    def operation(name, function, source, number):
        node = [source, 0, 0, {"y": number, "name": None}]
        config = {"name": name, "function": function, "dtype": "float32"}
        return {"class_name": "TFOpLambda", "name": name, "inbound_nodes": [node], "config": config}

    network = functional([["minus", 0, 0, {}]])
    network["config"]["layers"][1:1] = [
        operation("tf.over", "math.truediv", "in", 127.5),
        operation("minus", "math.subtract", "tf.over", 1.0),
    ]  # fmt: skip
    file = ForeignFile.read(write(tmp_path / "model.h5", network))
    assert [(part.kind, part.settings) for part in file.graph.parts[:2]] == [
        ("Rescaling", {"scale": 1 / 127.5, "offset": 0.0}),
        ("Rescaling", {"scale": 1.0, "offset": -1.0}),
    ]
    assert file.mended == ("operations on grey values are Rescaling layers",)
