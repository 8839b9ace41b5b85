"""Set the weights that a keras-hub backbone starts from: those of its preset, of another folder or of a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from chestnut.config import BackboneConfig, InputSpec
from chestnut.errors import RecipeError, in_one_line
from chestnut.models.hub.families import find_family
from chestnut.models.hub.preset import Preset
from chestnut.models.weights_file import load_weights_file


def is_preset_folder(path: Path) -> bool:
    """Tell whether a folder is a preset of keras-hub."""
    return (path / "config.json").is_file()


def load_hub_weights(network: keras.Model, config: BackboneConfig, spec: InputSpec) -> None:
    """Set the weights of a network's backbone as its recipe says.

    Vectors for places, which some transformers learn for one size of image, are interpolated for another.

    Args:
        network: The network that `build` made from the same `[model]` table.
        config: That table; its `weights` is `preset`, the folder of a preset, or a weights file of the backbone.
        spec: The input of the network.

    Raises:
        RecipeError: The file does not exist, or it contains the weights of another network.
        DownloadError: The weights could not be downloaded.
    """
    backbone = next(layer for layer in network.layers if find_family(layer))
    preset = Preset.find(config.preset)
    if config.weights in ("preset", "imagenet"):
        source = preset.make(weights=True)
    else:
        source = _read(preset, Path(config.weights).expanduser(), config.weights)
    try:
        copy_weights(source, backbone, (spec.height, spec.width))
    except ValueError as error:
        raise RecipeError(
            f"model.weights: {config.weights} does not fit the backbone of keras-hub:{config.preset} "
            f"({in_one_line(error)}); give weights of the same architecture"
        ) from error


def _read(preset: Preset, path: Path, given: str) -> Any:
    if path.is_dir() and is_preset_folder(path):
        return Preset.find(str(path)).make(weights=True)
    if not path.is_file():
        raise RecipeError(
            f"model.weights: no file {given}; give preset, none, a weights file of the backbone, a preset folder or "
            "the folder of a run"
        )
    source = preset.make()
    try:
        load_weights_file(source, path)
    except ValueError as error:
        raise RecipeError(
            f"model.weights: {path} does not contain the weights of keras-hub:{preset.name} ({in_one_line(error)}); "
            "give a file that the backbone's save_weights wrote"
        ) from error
    return source


def copy_weights(source: Any, backbone: Any, size: tuple[int, int]) -> None:
    """Copy the weights of one backbone to another of the same architecture, perhaps for images of another size.

    Args:
        source: The backbone with the weights.
        backbone: The backbone that receives them.
        size: The height and width of its images.

    Raises:
        ValueError: Their architectures differ.
    """
    given, wanted = source.weights, backbone.weights
    if len(given) != len(wanted):
        raise ValueError(f"{len(given)} arrays in place of {len(wanted)}")
    learnt = {weight.path.rpartition("/")[2]: weight for weight in given}
    for weight, target in zip(given, wanted, strict=True):
        # DINOv2 keeps what it interpolated beside what it was interpolated from, which is better to start from
        name = weight.path.rpartition("/")[2]
        value = np.asarray(keras.ops.convert_to_numpy(learnt.get(name.removeprefix("interpolated_"), weight)))
        value = value if name.startswith("interpolated_") else np.asarray(keras.ops.convert_to_numpy(weight))
        shape = tuple(target.shape)
        if value.shape != shape:
            if "position_embedding" not in weight.path:
                raise ValueError(f"{weight.path} has the shape {value.shape} in place of {shape}")
            side = backbone.patch_size[0] if isinstance(backbone.patch_size, tuple | list) else backbone.patch_size
            grid = (size[0] // side, size[1] // side)
            value = resize_positions(value, grid, getattr(backbone, "antialias_in_interpolation", False))
        target.assign(value)


def resize_positions(
    vectors: npt.NDArray[np.floating], grid: tuple[int, int], antialias: bool = False
) -> npt.NDArray[np.floating]:
    """Interpolate learnt vectors for the places of an image to another number of places.

    Cubic interpolation over the grid of places, as for DINOv2 (Oquab et al. 2023, arXiv:2304.07193). Vectors before
    those of the places, such as that of the class token, stay as they are.

    Args:
        vectors: The vectors, shape (…, n, width), of a square grid after at most two others.
        grid: The rows and columns that are wanted.
        antialias: Whether a smaller grid is made from averages.

    Raises:
        ValueError: The vectors are not those of a square grid.

    >>> resize_positions(np.ones((5, 3), np.float32), (3, 4)).shape
    (13, 3)
    """
    flat = vectors.reshape(-1, vectors.shape[-1])
    first = next((extra for extra in range(3) if math.isqrt(len(flat) - extra) ** 2 == len(flat) - extra), None)
    if first is None:
        raise ValueError(f"{len(flat)} places, which are no square")
    side = math.isqrt(len(flat) - first)
    square = flat[first:].reshape(1, side, side, -1).astype(np.float32)
    resized = keras.ops.image.resize(
        square, grid, interpolation="bicubic", antialias=antialias, data_format="channels_last"
    )
    places = np.asarray(keras.ops.convert_to_numpy(resized)).reshape(-1, flat.shape[-1])
    found = np.concatenate([flat[:first], places.astype(flat.dtype)])
    return found.reshape(*vectors.shape[:-2], *found.shape)
