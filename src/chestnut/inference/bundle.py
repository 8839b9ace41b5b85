"""`Bundle`: a trained network with all it needs to predict.

A bundle is a folder with `model.keras` and `bundle.json`. The latter contains the classes, the input spec, the
temperature, the threshold and the SHA-256 of the network, so that a changed network is noticed before it is used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chestnut.config import InputSpec
from chestnut.errors import BundleError
from chestnut.files.folders import finish_replacement, read_whole, replacement_folder
from chestnut.files.hashes import sha256
from chestnut.files.json_files import read_json, write_json

#: Increased when the layout changes so that an older chestnut would misread it.
BUNDLE_VERSION = 1

_MODEL, _FACTS = "model.keras", "bundle.json"


@dataclass(frozen=True)
class Bundle:
    """The content of bundle.json and the folder that contains it.

    Attributes:
        folder: The bundle's folder.
        recipe: The name of the recipe that made the network.
        classes: The class names in the order of the network's outputs.
        positive: The positive class of two; None for more classes.
        spec: The size, channels and grey values of the network's input.
        temperature: The number that divides the logits before they become probabilities.
        threshold: The probability of the positive class from which the decision is positive; unused for more classes.
        synthetic: Whether the network was trained on synthetic images.
        weights: The SHA-256 of `model.keras`.
    """

    folder: Path
    recipe: str
    classes: tuple[str, ...]
    positive: str | None
    spec: InputSpec
    temperature: float
    threshold: float
    synthetic: bool
    weights: str

    @property
    def model_file(self) -> Path:
        """The file that contains the network."""
        return self.folder / _MODEL

    @classmethod
    def read(cls, folder: Path) -> Bundle:
        """Read a bundle and check that its network was not changed.

        Raises:
            BundleError: A file is missing or changed, or the bundle was made by a newer chestnut.
        """
        finish_replacement(folder)
        return read_whole(folder, lambda: cls._read(folder))

    @classmethod
    def _read(cls, folder: Path) -> Bundle:
        path = folder / _FACTS
        if not path.is_file():
            raise BundleError(
                f"{folder.parent} has no bundle, because its training has not finished; "
                f"chestnut info {folder.parent} shows its status"
            )
        values = read_json(path)
        try:
            if values["format"] > BUNDLE_VERSION:
                raise BundleError(
                    f"{folder} was made by a newer chestnut (format {values['format']}, this one reads up to "
                    f"{BUNDLE_VERSION}); upgrade with pip install --upgrade chestnut"
                )
            _check(folder, values["sha256"])
            return cls(
                folder=folder,
                recipe=values["recipe"],
                classes=tuple(values["classes"]),
                positive=values["positive"],
                spec=InputSpec.model_validate(values["input"]),
                temperature=float(values["temperature"]),
                threshold=float(values["threshold"]),
                synthetic=bool(values["synthetic"]),
                weights=values["sha256"][_MODEL],
            )
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            raise BundleError(f"{path} is damaged ({error}); restore it from a copy or train again") from error

    def to_dict(self) -> dict[str, Any]:
        """Return the content of bundle.json."""
        return {
            "format": BUNDLE_VERSION,
            "recipe": self.recipe,
            "classes": list(self.classes),
            "positive": self.positive,
            "input": self.spec.model_dump(),
            "temperature": self.temperature,
            "threshold": self.threshold,
            "synthetic": self.synthetic,
            "sha256": {_MODEL: self.weights},
        }


def write_bundle(folder: Path, network: Any, **facts: Any) -> Bundle:
    """Write a bundle, completely or not at all.

    Args:
        folder: The bundle's folder; an older bundle there is replaced.
        network: A Keras network.
        facts: The fields of `Bundle` other than `folder` and `weights`.

    Raises:
        DiskError: The disk is full or not writable.
    """
    with replacement_folder(folder) as draft:
        network.save(draft / _MODEL)
        bundle = Bundle(folder=folder, weights=sha256(draft / _MODEL), **facts)
        write_json(draft / _FACTS, bundle.to_dict())
    return bundle


def keep_threshold(folder: Path, threshold: float) -> Bundle:
    """Change the threshold of a bundle, by which every later prediction decides.

    Args:
        folder: The bundle's folder.
        threshold: The probability of the positive class, in 0..1, from which the decision is positive.

    Raises:
        BundleError: A file is missing or changed, or the bundle was made by a newer chestnut.
        DiskError: The disk is full or not writable.
    """
    bundle = replace(Bundle.read(folder), threshold=threshold)
    write_json(folder / _FACTS, bundle.to_dict())
    return bundle


def _check(folder: Path, hashes: dict[str, str]) -> None:
    for name, expected in hashes.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{path} is missing from the bundle; restore it from a copy or train again")
        if sha256(path) != expected:
            raise BundleError(f"{path} was changed after training: its hash differs from bundle.json; do not use it")
