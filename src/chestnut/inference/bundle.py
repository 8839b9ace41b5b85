"""The bundle: a trained network with all it needs to predict. This module alone reads and writes one.

A bundle is a folder of `model.keras` and `bundle.json`; the latter holds the classes, the input spec, the temperature,
the threshold and the SHA-256 of every other file, so that a changed file is noticed before it is used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chestnut.config import InputSpec
from chestnut.errors import BundleError
from chestnut.files.folders import finish_replacement, replacement_folder
from chestnut.files.hashes import sha256
from chestnut.files.json_files import read_json, write_json

#: Raised when the layout changes so that older software would misread it.
BUNDLE_VERSION = 1

_MODEL, _FACTS = "model.keras", "bundle.json"


@dataclass(frozen=True)
class Bundle:
    """What stands in bundle.json, with the folder it stands in.

    Attributes:
        folder: The bundle's folder.
        recipe: Name of the recipe that made the network.
        classes: Class names in the order of the outputs.
        positive: The positive class of two; None for more.
        spec: What the network is fed.
        temperature: Divides the logits before they become probabilities.
        threshold: Probability of the positive class from which the decision is positive; unused for more than two.
        synthetic: Whether the network was trained on synthetic images.
        weights: SHA-256 of `model.keras`.
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
        """The Keras file."""
        return self.folder / _MODEL

    @classmethod
    def read(cls, folder: Path) -> Bundle:
        """Read a bundle and check its files against their hashes.

        Raises:
            BundleError: A file is missing or changed, or the bundle was made by a newer chestnut.
        """
        finish_replacement(folder)
        path = folder / _FACTS
        if not path.is_file():
            raise BundleError(
                f"no bundle in {folder.parent}: its training has not ended well; "
                f"chestnut info {folder.parent} tells more"
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
        """The content of bundle.json."""
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
    """Write a bundle; it stands whole or not at all.

    Args:
        folder: Where the bundle is to stand; an older one there is replaced.
        network: A Keras network.
        facts: The fields of `Bundle` other than `folder` and `weights`.

    Raises:
        DiskError: The disk is full or may not be written.
    """
    with replacement_folder(folder) as draft:
        network.save(draft / _MODEL)
        bundle = Bundle(folder=folder, weights=sha256(draft / _MODEL), **facts)
        write_json(draft / _FACTS, bundle.to_dict())
    return bundle


def keep_threshold(folder: Path, threshold: float) -> Bundle:
    """Write another threshold into a bundle; whatever predicts with it decides by that from then on.

    Args:
        folder: The bundle's folder.
        threshold: Probability of the positive class from which the decision is positive, in 0..1.

    Raises:
        BundleError: As `Bundle.read`.
        DiskError: The file may not be written.
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
