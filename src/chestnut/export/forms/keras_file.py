"""Keras: the file of the bundle itself, or an HDF5 file for programs that take no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import keras

from chestnut.errors import BundleError, in_one_line
from chestnut.export.forms.form import Form, Source
from chestnut.export.quiet import quiet_conversion
from chestnut.export.versions import describe_versions
from chestnut.inference.engines.keras_engine import KerasEngine, load_network

_EXAMPLE = """\
import keras
import numpy as np

network = keras.saving.load_model("{file}", compile=False)
channels = network.input_shape[-1]
logits = network.predict_on_batch(np.repeat(images[..., None], channels, axis=-1).astype("float32"))
"""


class KerasFile(Form):
    """A `.keras` file, as it is in the bundle."""

    name, title, file = "keras", "Keras", "model.keras"
    grey = False
    example = _EXAMPLE.replace("{file}", file)

    def write(self, source: Source, path: Path) -> None:
        """Copy the network of the bundle."""
        shutil.copyfile(source.bundle.model_file, path)

    def open(self, source: Source, path: Path) -> KerasEngine:
        """Load a network with Keras."""
        return KerasEngine(load_network(path), source.bundle.spec)


class H5(Form):
    """An HDF5 file, as Keras 2 wrote them."""

    name, title, file = "h5", "HDF5", "model.h5"
    grey = False
    example = _EXAMPLE.replace("{file}", file)

    def write(self, source: Source, path: Path) -> None:
        """Write the network by Keras."""
        try:
            with quiet_conversion():
                source.network.network.save(path)
        except Exception as error:  # Keras raises errors of many kinds
            raise BundleError(
                f"the network cannot be written as HDF5 by {describe_versions(self.name)} ({in_one_line(error)}); "
                "give format=keras"
            ) from error

    def open(self, source: Source, path: Path) -> KerasEngine:
        """Load a network with Keras."""
        try:
            with quiet_conversion():
                return KerasEngine(keras.saving.load_model(path, compile=False), source.bundle.spec)
        except Exception as error:  # Keras raises errors of many kinds
            raise BundleError(
                f"the network was written as HDF5, and cannot be loaded again ({in_one_line(error)}); give format=keras"
            ) from error
