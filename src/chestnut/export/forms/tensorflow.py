"""TensorFlow: SavedModel for its servers, and LiteRT for phones and other small devices."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from chestnut.data.pixels import Grey
from chestnut.errors import BundleError, in_one_line
from chestnut.export.conversion import convert, require_tensorflow
from chestnut.export.forms.engine import FormEngine
from chestnut.export.forms.form import Form, Source
from chestnut.inference.engines.onnx_engine import IMAGE
from chestnut.models.framework import hidden_stderr
from chestnut.processors import core_count

_SAVED_MODEL_EXAMPLE = """\
import tensorflow as tf

network = tf.saved_model.load("model")
logits = network.serve(images)["logits"].numpy()
"""

_LITERT_EXAMPLE = """\
import tensorflow as tf  # or from ai_edge_litert.interpreter import Interpreter

network = tf.lite.Interpreter("model.tflite").get_signature_runner()
logits = network(image=images)["logits"]
"""


class SavedModel(Form):
    """A folder with a SavedModel."""

    name, title, file = "savedmodel", "SavedModel", "model"
    example = _SAVED_MODEL_EXAMPLE

    def check(self) -> None:
        """Check that TensorFlow is installed."""
        require_tensorflow("savedmodel")

    def write(self, source: Source, path: Path) -> None:
        """Write the network by Keras."""
        convert("savedmodel", source.network.network, source.bundle.spec, path)

    def open(self, source: Source, path: Path) -> FormEngine:
        """Load a SavedModel with TensorFlow."""
        import tensorflow as tf

        try:
            network = tf.saved_model.load(str(path))
        except Exception as error:  # TensorFlow raises errors of many kinds
            raise BundleError(f"the SavedModel cannot be loaded again ({in_one_line(error)})") from error

        def compute(batch: Grey) -> dict[str, Any]:
            outputs: dict[str, Any] = network.serve(batch)  # which needs the network to stay in memory
            return outputs

        return FormEngine(compute, source.bundle.spec)


class LiteRT(Form):
    """A LiteRT file, formerly TensorFlow Lite."""

    name, title, file = "litert", "LiteRT", "model.tflite"
    example = _LITERT_EXAMPLE

    def check(self) -> None:
        """Check that TensorFlow is installed."""
        require_tensorflow("litert")

    def write(self, source: Source, path: Path) -> None:
        """Write the network by Keras."""
        convert("litert", source.network.network, source.bundle.spec, path)

    def open(self, source: Source, path: Path) -> FormEngine:
        """Load a LiteRT file with the interpreter of TensorFlow."""
        import tensorflow as tf

        spec = source.bundle.spec
        try:
            with warnings.catch_warnings(), hidden_stderr():
                warnings.simplefilter("ignore")  # TensorFlow announces that it will part with its interpreter
                runner = tf.lite.Interpreter(str(path), num_threads=core_count()).get_signature_runner()
                runner(**{IMAGE: np.zeros((1, spec.height, spec.width), np.uint8)})  # it says now what computes it
        except Exception as error:  # TensorFlow raises errors of many kinds
            raise BundleError(f"the LiteRT file cannot be loaded again ({in_one_line(error)})") from error
        return FormEngine(lambda batch: runner(**{IMAGE: batch}), spec)
