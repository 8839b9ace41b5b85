"""`Preset`: a backbone of keras-hub under its name, or in a folder."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chestnut.errors import ChestnutError, DownloadError, RecipeError, in_one_line, suggest
from chestnut.models.hub.families import FAMILIES, Family
from chestnut.models.hub.library import import_hub


@dataclass(frozen=True)
class Preset:
    """A backbone of keras-hub with its preprocessing.

    Attributes:
        name: A name of keras-hub's list, a handle such as `hf://…`, or the path of a folder.
        family: The kind of the backbone.
    """

    name: str
    family: Family

    @classmethod
    def find(cls, name: str) -> Preset:
        """Find a preset; the file that describes it is downloaded where it is not a folder.

        Raises:
            MissingExtraError: keras-hub is not installed.
            RecipeError: There is no such preset, or it is not a backbone for images that chestnut can use.
            DownloadError: It could not be downloaded.
        """
        hub = import_hub(f"the network keras-hub:{name}")
        from keras_hub.src.utils.preset_utils import get_preset_loader  # tells the class

        folder = Path(name).expanduser()
        _check_name(hub, name, folder)
        with _reading(name):
            kind = get_preset_loader(str(folder) if folder.is_dir() else name).check_backbone_class().__name__
        if kind not in FAMILIES:
            known = ", ".join(sorted(family.name for family in FAMILIES.values()))
            raise RecipeError(f"keras-hub:{name} is a {kind}, not a backbone for images; chestnut takes {known}")
        return cls(str(folder) if folder.is_dir() else name, FAMILIES[kind])

    @property
    def folder(self) -> Path | None:
        """Its folder; None where keras-hub keeps it."""
        path = Path(self.name)
        return path if path.is_dir() else None

    def make(self, shape: tuple[int, int, int] | None = None, *, weights: bool = False, policy: str = "float32") -> Any:
        """Build the backbone.

        Args:
            shape: The shape of its images; None for that of the preset.
            weights: Whether it has the weights of the preset, or random ones.
            policy: The Keras dtype policy.

        Raises:
            RecipeError: The shape does not fit it, or a file of the preset is damaged.
            DownloadError: It could not be downloaded.
        """
        given: dict[str, Any] = {"load_weights": weights, "dtype": policy}
        if shape is not None:
            self._check_shape(shape)
            given[self.family.shape] = shape
            if self.family.name == "DINOV2":
                given["position_embedding_shape"] = shape  # so that a saved network has them as they were trained
        hub = import_hub(f"the network keras-hub:{self.name}")
        with _reading(self.name, shape):
            return hub.models.Backbone.from_preset(self.name, **given)

    def scale(self) -> tuple[list[float], list[float]]:
        """Return the factor and the offset that turn grey values 0..255 into its input, three channels each.

        Raises:
            RecipeError: The preset does not state them.
            DownloadError: They could not be downloaded.
        """
        hub = import_hub(f"the network keras-hub:{self.name}")
        try:
            with _reading(self.name):
                converter = hub.layers.ImageConverter.from_preset(self.name)
        except RecipeError as error:
            raise RecipeError(
                f"keras-hub:{self.name} does not say how grey values are scaled ({error}); give a preset with its "
                f"image_converter.json, which keras_hub.layers.{self.family.name}ImageConverter.save_to_preset writes"
            ) from error
        scale, offset = converter.scale, converter.offset
        return _three(1.0 if scale is None else scale), _three(0.0 if offset is None else offset)

    def _check_shape(self, shape: tuple[int, int, int]) -> None:
        height, width, _ = shape
        if self.family.square and height != width:
            raise RecipeError(
                f"keras-hub:{self.name} takes square images, and the input is {height}×{width}; give input.height and "
                "input.width the same value"
            )


def _check_name(hub: Any, name: str, folder: Path) -> None:
    """Refuse a name that keras-hub does not know, and a folder without a preset, before anything is downloaded."""
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise RecipeError(
                f"the folder {folder} has no config.json, so it is not a preset; write one by keras-hub's "
                "save_to_preset"
            )
    elif "://" not in name and name not in hub.models.Backbone.presets:
        known = sorted(
            preset
            for family in FAMILIES.values()
            if hasattr(hub.models, family.kind)
            for preset in getattr(hub.models, family.kind).presets
        )
        hint = suggest(name, known)
        raise RecipeError(
            f"no preset {name!r} and no such folder; {hint if '?' in hint else 'names are such as ' + known[0]}; see "
            "https://keras.io/keras_hub/presets"
        )


@contextmanager
def _reading(name: str, shape: tuple[int, int, int] | None = None) -> Iterator[None]:
    """Turn what goes wrong while a preset is read, and is not chestnut's own error, into one.

    Args:
        name: The preset.
        shape: The shape of the images that it is built for, of which keras-hub refuses some; None for its own.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):  # where downloads show their progress
            yield
    except ChestnutError:
        raise
    except Exception as error:
        if shape is not None and isinstance(error, ValueError):
            raise RecipeError(describe_misfit(name, shape, error)) from error
        if Path(name).is_dir():
            raise RecipeError(f"the preset in {name} cannot be used: {in_one_line(error)}") from error
        raise DownloadError(
            f"the preset {name} could not be read or downloaded ({in_one_line(error)}); on a machine with internet "
            f"run python -c \"import keras_hub as k; k.models.Backbone.from_preset('{name}').save_to_preset('FOLDER'); "
            f"k.layers.ImageConverter.from_preset('{name}').save_to_preset('FOLDER')\", copy FOLDER here, and give "
            "keras-hub:FOLDER"
        ) from error


def describe_misfit(name: str, shape: tuple[int, int, int], error: Exception) -> str:
    """Say that the backbone of a preset does not take images of a shape."""
    return (
        f"an input of {shape[0]}×{shape[1]} does not fit keras-hub:{name} ({in_one_line(error)}); give input.height "
        "and input.width that it takes, such as those of its name"
    )


def _three(value: Any) -> list[float]:
    return [float(one) for one in np.broadcast_to(np.asarray(value, np.float64).ravel(), 3)]
