"""Weights are found in a file by its content, whatever its name."""

import zipfile

import h5py
import keras
import numpy as np
import pytest

from chestnut.models.weights_file import load_weights_file

NAMES = ("net.weights.h5", "net.h5", "net.hdf5", "net.keras", "net.bin")


def small(units=3):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(2)])


def write_weights(network, path):
    network.save_weights(path.with_suffix(".weights.h5"))
    path.with_suffix(".weights.h5").rename(path)


def write_model(network, path):
    network.save(path.with_suffix(".keras"))
    path.with_suffix(".keras").rename(path)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
def write_old_model(network, path):
    network.save(path.with_suffix(".h5"))
    path.with_suffix(".h5").rename(path)


def write_old_weights(network, path):
    write_old_model(network, path.with_name("model"))
    with h5py.File(path.with_name("model")) as model, h5py.File(path, "w") as weights:
        for name, value in model["model_weights"].attrs.items():
            weights.attrs[name] = value
        for name in model["model_weights"]:
            model.copy(f"model_weights/{name}", weights)


@pytest.fixture(scope="module")
def source():
    keras.utils.set_random_seed(0)
    return small()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("write", [write_weights, write_model, write_old_model, write_old_weights])
def test_every_layout_loads_under_every_name(source, write, name, tmp_path):
    write(source, tmp_path / "written")
    path = (tmp_path / "written").rename(tmp_path / name)
    target = small()
    load_weights_file(target, path)
    for one, other in zip(target.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert path.is_file()


@pytest.mark.parametrize("write", [write_weights, write_model, write_old_model, write_old_weights])
def test_weights_of_other_layers_are_refused(source, write, tmp_path):
    write(source, tmp_path / "net.h5")
    with pytest.raises(ValueError, match=r"\w"):
        load_weights_file(small(units=5), tmp_path / "net.h5")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["text", "table", "archive", "cut"])
def test_a_file_without_weights_is_refused_in_one_sentence(source, kind, name, tmp_path):
    path = tmp_path / name
    if kind == "text":
        path.write_text("no weights")
    elif kind == "table":
        with h5py.File(path, "w") as file:
            file["table"] = [1, 2, 3]
    elif kind == "archive":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("notes.txt", "no weights")
    else:
        write_weights(source, tmp_path / "whole")
        path.write_bytes((tmp_path / "whole").read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"neither HDF5 with Keras's layers nor a \.keras archive"):
        load_weights_file(small(), path)
