"""Write a network as an ONNX file, a SavedModel or a LiteRT file that takes grey images as they are decoded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np

from chestnut.config import InputSpec
from chestnut.errors import BundleError, MissingExtraError, in_one_line
from chestnut.export.graph.graph import UnknownPartError
from chestnut.export.graph.write import write_graph
from chestnut.export.grey_network import from_grey
from chestnut.export.onnx_order import make_reproducible
from chestnut.export.other_backend import convert_in_tensorflow
from chestnut.export.plain_layers import plain_layers
from chestnut.export.quiet import quiet_conversion
from chestnut.export.versions import describe_versions
from chestnut.models.backend.installed import is_installed
from chestnut.models.device import backend

#: The version of ONNX's operators: the newest that Keras's converter writes and ONNX Runtime takes.
OPSET: Final = 18

#: The forms that Keras converts a network to.
Form = Literal["onnx", "savedmodel", "litert"]

_NAMES: dict[Form, str] = {"onnx": "ONNX", "savedmodel": "SavedModel", "litert": "LiteRT"}

#: What Keras calls the forms, and the options that it takes for each.
_OPTIONS: dict[Form, dict[str, Any]] = {
    "onnx": {"format": "onnx", "opset_version": OPSET},
    "savedmodel": {"format": "tf_saved_model"},
    "litert": {"format": "litert"},
}


def convert(form: Form, network: Any, spec: InputSpec, path: Path) -> None:
    """Write a network in another form.

    The result contains all that is done to decoded images. Its input `image` is uint8 of shape (n, height, width), for
    any n. Its outputs are `logits`, `features` (see `with_features`) and, where the network averages maps before its
    last layer, `activation` (see `class_activation`).

    Keras converts networks by TensorFlow. Where that is not its backend, ONNX is written by chestnut's own rules, and
    networks with parts that have no rule are converted in a process with TensorFlow.

    Args:
        form: The form to write.
        network: A Keras network that turns images (n, height, width, channels), 0..255, into logits.
        spec: Its input.
        path: The file to write; the folder of a SavedModel.

    Raises:
        BundleError: The network cannot be converted.
        MissingExtraError: It needs TensorFlow, which is not installed.
    """
    if form == "onnx" and not (backend() == "tensorflow" and is_installed("tf2onnx")):
        try:
            _write_by_rules(network, spec, path)
            return
        except UnknownPartError as error:
            require_tensorflow(form, f"for {error}")
    if backend() != "tensorflow":
        require_tensorflow(form)
        convert_in_tensorflow(form, network, spec, path)
        return
    try:
        with quiet_conversion():
            grey = from_grey(network, spec)
            grey(np.zeros((1, spec.height, spec.width), np.uint8))  # Keras exports no network that was never called
            with plain_layers(grey):
                grey.export(path, verbose=False, **_OPTIONS[form])
            if form == "onnx":
                make_reproducible(path)
    except Exception as error:
        raise BundleError(
            f"the network cannot be written as {_NAMES[form]} by {describe_versions(form)} ({in_one_line(error)}); "
            "requirements.lock names versions that work together"
        ) from error


def require_tensorflow(form: Form, why: str = "") -> None:
    """Check that what converts to a form is installed.

    Args:
        form: The form.
        why: A part of a sentence, if only some networks need TensorFlow.

    Raises:
        MissingExtraError: It is not.
    """
    packages = ("tensorflow", "tf2onnx") if form == "onnx" else ("tensorflow",)
    if missing := [name for name in packages if not is_installed(name)]:
        raise MissingExtraError(
            f"{' '.join((_NAMES[form], 'needs', ' and '.join(missing), why)).strip()}; run pip install "
            f"{' '.join(missing)}"
        )


def _write_by_rules(network: Any, spec: InputSpec, path: Path) -> None:
    """Write a network as ONNX without TensorFlow."""
    path.write_bytes(write_graph(from_grey(network, spec), OPSET))
    make_reproducible(path)


def _main(form: str, stored: str, spec: str, path: str) -> None:
    """Convert a network that was stored as a `.keras` file."""
    from chestnut.inference.engines.keras_engine import load_network

    (known,) = (one for one in get_args(Form) if one == form)
    convert(known, load_network(Path(stored)), InputSpec.model_validate_json(spec), Path(path))


if __name__ == "__main__":
    _main(*sys.argv[1:])
