"""`KerasEngine`: computes logits and probabilities from pixels with a Keras network, batch by batch."""

from __future__ import annotations

import functools
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.config.limits import MOST_VALUES
from chestnut.data.cache.store import compiled_folder
from chestnut.data.pixels import Grey
from chestnut.errors import BundleError, in_one_line
from chestnut.files.hashes import sha256
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Images, Tick
from chestnut.inference.engines.gradient_engine import GradientEngine, LayerAnswer, LayerGradients, PixelAnswer
from chestnut.inference.engines.layer_engine import LayerEngine
from chestnut.models.compile_cache import keep_compiled
from chestnut.models.device import backend_errors, chunk, compiled, make_on_host, predict
from chestnut.models.features import with_features
from chestnut.models.finite import describe_bad_weights
from chestnut.models.gradients.layer_outputs import LayerOutputs
from chestnut.models.gradients.map_layer import MapLayer
from chestnut.models.gradients.probe import Probe
from chestnut.models.network_file import check_network_file
from chestnut.models.output_sizes import largest_output

#: The values that a layer may put out for one image: padding adds to what a recipe is checked for.
_MOST_VALUES = 2 * MOST_VALUES

#: What Keras raises for configurations and weights that do not fit together.
_FAULTS: tuple[type[Exception], ...] = (
    *(ValueError, TypeError, OSError, LookupError, AttributeError, ArithmeticError, RuntimeError, AssertionError),
    *(UserWarning, zipfile.BadZipFile),
)


def as_batch(grey: npt.NDArray[Any], spec: InputSpec) -> npt.NDArray[Any]:
    """Repeat grey values for each channel of a network's input.

    >>> as_batch(np.zeros((2, 16, 20), np.uint8), InputSpec(height=16, width=20, channels=3)).shape
    (2, 16, 20, 3)
    """
    return np.repeat(grey[..., None], spec.channels, axis=-1)


def forward(
    network: Any,
    batch: Callable[[int, int], npt.NDArray[Any]],
    count: int,
    progress: Callable[[int, int], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Compute a network's outputs for many inputs.

    Args:
        network: A Keras network.
        batch: A function that returns the inputs from one row up to, but not including, another: shape (b, …).
        count: The number of inputs, 1 or more.
        progress: A function that receives (inputs done, inputs in total) after each batch.

    Returns:
        The outputs, shape (count, …).
    """
    network.jit_compile = compiled()
    step = chunk()
    size = min(count, step)
    parts = []
    for start in range(0, count, step):
        inputs = batch(start, min(start + step, count))
        # All batches have one shape, since each new shape is compiled again
        padding = np.zeros((size - len(inputs), *inputs.shape[1:]), inputs.dtype)
        outputs = predict(network, np.concatenate([inputs, padding])).astype(np.float32)
        parts.append(outputs[: len(inputs)])
        if progress:
            progress(min(start + step, count), count)
    return np.concatenate(parts)


@dataclass(frozen=True)
class KerasEngine(GradientEngine, LayerEngine):
    """A Keras network with its input spec.

    Attributes:
        network: A Keras network that turns images (batch, height, width, channels), 0..255, into logits.
        spec: The size, channels and grey values of its input.
    """

    network: Any
    spec: InputSpec

    @classmethod
    def open(cls, bundle: Bundle) -> KerasEngine:
        """Load the network of a bundle; raises the errors of `load_bundle`."""
        keep_compiled(compiled_folder())
        return cls(load_bundle(bundle), bundle.spec)

    def compute_logits(self, images: Images, progress: Tick | None) -> npt.NDArray[np.float32]:
        """Compute the logits of images, shape (n, logits)."""
        return self._forward(self.network, images, progress)

    def compute_both(
        self, images: Images, progress: Tick | None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Compute the features of images and, in the same pass, their logits."""
        both = self._forward(self._extended, images, progress)
        logits = self.network.output_shape[-1]
        return both[:, :-logits], both[:, -logits:]

    @functools.cached_property
    def _extended(self) -> Any:
        """The network with its features beside its logits."""
        return with_features(self.network)

    @property
    def outputs(self) -> int:
        """The number of logits."""
        return int(self.network.output_shape[-1])

    @property
    def has_maps(self) -> bool:
        """Whether the network has convolutions whose maps can be shown."""
        return bool(self._probe.names)

    def layer_gradients(self, images: Grey, weights: npt.NDArray[np.float32]) -> LayerAnswer:
        """Compute what the last convolutions saw, and how the score follows from it."""
        logits, layers = self._probe.differentiate_maps(as_batch(images, self.spec), _rows(weights, len(images)))
        return LayerAnswer(logits, [LayerGradients(*one) for one in layers])

    def pixel_gradients(self, images: npt.NDArray[np.floating], weights: npt.NDArray[np.float32]) -> PixelAnswer:
        """Compute how the score changes with each pixel."""
        logits, gradients = self._probe.differentiate_image(as_batch(images, self.spec), _rows(weights, len(images)))
        return PixelAnswer(logits, gradients.sum(axis=-1))

    @property
    def map_layers(self) -> tuple[MapLayer, ...]:
        """The layers that put out maps, in order; none in a network without convolutions."""
        return self._layer_outputs.layers

    def compute_maps(self, image: Grey, names: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """Compute the maps of layers, each of shape (rows, columns, channels)."""
        return [maps[0] for maps in self._layer_outputs.compute(as_batch(image[None], self.spec), names)]

    def first_kernels(self, member: int = 0) -> npt.NDArray[np.float32] | None:
        """Return the kernels of the first convolution, shape (rows, columns, channels, filters); None without one."""
        return self._layer_outputs.first_kernels(member)

    @functools.cached_property
    def _layer_outputs(self) -> LayerOutputs:
        return LayerOutputs(self.network)

    @functools.cached_property
    def _probe(self) -> Probe:
        return Probe(self.network)

    def _forward(self, network: Any, images: Images, progress: Tick | None) -> npt.NDArray[np.float32]:
        return forward(network, lambda *rows: as_batch(images.batch(*rows), self.spec), len(images), progress)


def _rows(weights: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    """Return the weights of the logits, one row an image."""
    return np.broadcast_to(weights, (count, weights.shape[-1]))


def load_bundle(bundle: Bundle) -> Any:
    """Load the network of a bundle, and check that its input and outputs are those that the bundle states.

    Raises:
        BundleError: The file cannot be loaded or is refused, or contains another network than the bundle had when it
            was read.
    """
    network = load_network(bundle.model_file)
    classes, remedy = len(bundle.classes), "restore both from a copy or train again"
    if network.input_shape != (None, *bundle.spec.shape):
        raise BundleError(
            f"{bundle.model_file} takes images of shape {network.input_shape}, but bundle.json says "
            f"{(None, *bundle.spec.shape)}; {remedy}"
        )
    if network.output_shape not in [(None, count) for count in _logits(classes)]:
        raise BundleError(
            f"{bundle.model_file} has outputs of shape {network.output_shape}, but bundle.json has {classes} classes; "
            f"{remedy}"
        )
    if sha256(bundle.model_file) != bundle.weights:  # read last, so that a file that was exchanged meanwhile is noticed
        raise BundleError(f"{bundle.folder} was replaced while it was read; run the command again")
    return network


def _logits(classes: int) -> tuple[int, ...]:
    """Return the possible numbers of logits: one for two classes may come from a sigmoid head."""
    return (2, 1) if classes == 2 else (classes,)


def load_network(path: Path) -> Any:
    """Load a `.keras` file of layers that chestnut's networks have.

    The file may come from a stranger: nothing in it is run, and it takes no more memory than its size explains.

    Raises:
        BundleError: The file is damaged or refused, or contains weights that are NaN or infinite.
    """
    try:
        check_network_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras warns where it leaves layers with random weights
            network = make_on_host(lambda: keras.saving.load_model(path, compile=False, safe_mode=True))
    except (*_FAULTS, *backend_errors()) as error:
        raise BundleError(
            f"{path} cannot be loaded as a network: {in_one_line(error)}; restore it from a copy or train again"
        ) from error
    size, name = largest_output(network)
    if size > _MOST_VALUES:
        raise BundleError(f"{path}: its layer {name} puts out {size:,} values an image; {_MOST_VALUES:,} is the limit")
    if fault := describe_bad_weights(network):
        raise BundleError(f"{path}: {fault}, so the network decides nothing; restore it from a copy or train again")
    return network
