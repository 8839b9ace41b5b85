"""Write a network as Keras 2 did: whole-model HDF5 and `.keras` files with its ways of saying what is given to what.

The files that TensorFlow's own Keras 2 (tf_keras 2.21) writes were compared with these: the same keys and the same
order of weights.
"""

import io
import json
import zipfile

import h5py
import keras
import numpy as np

VERSION = "2.4.0"
_HELPERS = {"kernel": "GlorotUniform", "bias": "Zeros", "depthwise": "GlorotUniform", "beta": "Zeros", "gamma": "Ones"}


def config_of(network, top=True):
    """The configuration of a Keras 3 network as Keras 2 wrote it."""
    if isinstance(network, keras.Sequential):
        layers = [_entry(layer, False) for layer in network.layers]
        first = {"batch_input_shape": [None, *network.input_shape[1:]], "dtype": "float32", "sparse": False}
        inputs = {"class_name": "InputLayer", "config": {**first, "ragged": False, "name": f"{network.name}_input"}}
        return {"class_name": "Sequential", "config": {"name": network.name, "layers": [inputs, *layers]}}
    layers = [_entry(layer, True) for layer in network.layers]
    given, out = network.inputs[0], network.outputs[0]
    ends = {key: [[_old(tensor._keras_history[0].name), 0, 0]] for key, tensor in (("i", given), ("o", out))}
    config = {"name": network.name, "trainable": network.trainable, "layers": layers}
    config |= {"input_layers": ends["i"], "output_layers": ends["o"]}
    return {"class_name": "Functional", "config": config}


def _old(name):
    """The name that a layer had in Keras 2, which allowed slashes."""
    return name.replace("__", "/")


def _entry(layer, functional):
    name = _old(layer.name)
    if isinstance(layer, keras.Model):
        entry = config_of(layer, top=False)
    elif isinstance(layer, keras.layers.InputLayer):
        shape = [None, *layer.batch_shape[1:]]
        config = {"batch_input_shape": shape, "dtype": "float32", "sparse": False, "ragged": False, "name": name}
        entry = {"class_name": "InputLayer", "config": config}
    else:
        entry = {"class_name": type(layer).__name__, "config": _config(layer, name)}
    return entry | {"name": name, "inbound_nodes": _nodes(layer)} if functional else entry


def _config(layer, name):
    kind, config = type(layer).__name__, {**layer.get_config(), "name": name, "dtype": "float32"}
    for key in [*config]:
        part, _, what = key.rpartition("_")
        if what == "initializer":
            config[key] = {"class_name": _HELPERS.get(part, "Ones"), "config": {}}
    for key in ("quantization_config", "autocast", "synchronized", "renorm"):
        config.pop(key, None)
    if kind == "BatchNormalization":
        config["axis"] = [3]
    if kind in ("DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"):
        config["groups"] = 1
    if kind == "LeakyReLU":
        config["alpha"] = config.pop("negative_slope")
    if config.get("activation") == "silu":
        config["activation"] = "swish"
    return json.loads(json.dumps(config))


def _nodes(layer):
    if isinstance(layer, keras.layers.InputLayer):
        return []
    found = []
    for node in layer._inbound_nodes:
        sources = [tensor._keras_history for tensor in node.input_tensors]
        # Keras 2 counted the call by which a network was made, so that its first use has the number 1
        given = [[_old(source.name), int(isinstance(source, keras.Model)), 0, {}] for source, _, _ in sources]
        found.append(given)
    return found


def save(network, path, *, version=VERSION, **changes):
    """Write a network to a `.h5` or `.keras` file; changes replace keys of its configuration."""
    config = config_of(network) | changes
    if path.suffix == ".keras":
        _save_archive(network, config, path, version)
        return path
    with h5py.File(path, "w") as file:
        file.attrs.update({"keras_version": version, "backend": "tensorflow", "model_config": json.dumps(config)})
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [_old(layer.name).encode() for layer in network.layers]
        for layer in network.layers:
            group, names = weights.create_group(_old(layer.name)), []
            for number, variable in enumerate([*layer.trainable_weights, *layer.non_trainable_weights]):
                names.append(f"{_old(layer.name)}/{variable.name}_{number}:0")
                group[names[-1]] = np.asarray(variable)
            group.attrs["weight_names"] = [name.encode() for name in names]
    return path


def _save_archive(network, config, path, version):
    """Write a `.keras` file: a network in it was of a module that Keras 3 does not have."""
    for entry in [config, *(one for one in config["config"]["layers"] if "layers" in one["config"])]:
        entry["module"] = "keras.src.engine.functional" if entry["class_name"] == "Functional" else "keras"
    own = io.BytesIO()
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    archive = path.with_name("own.keras")
    copy.save(archive)
    with zipfile.ZipFile(archive) as file:
        own.write(file.read("model.weights.h5"))
    archive.unlink()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        file.writestr("metadata.json", json.dumps({"keras_version": version, "date_saved": "2023-01-01@00:00:00"}))
        file.writestr("config.json", json.dumps(config))
        file.writestr("model.weights.h5", own.getvalue())
