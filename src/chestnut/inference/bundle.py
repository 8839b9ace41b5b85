"""`Bundle`: a trained network with all it needs to predict.

A bundle is a folder with `model.keras`, `bundle.json` and parts: what it knows of the images that it was made from.
`bundle.json` contains the classes, the input spec, the temperature, the threshold and the SHA-256 of every other file,
so that a changed one is noticed before it is used. Every value is checked when it is read and before it is written: a
decision rests on all of them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from chestnut.config import InputSpec
from chestnut.errors import BundleError, DataError
from chestnut.evaluation.calibration.temperature import Calibration
from chestnut.evaluation.operating.point import OperatingPoint
from chestnut.files.folders import finish_replacement, read_whole, replacement_folder
from chestnut.files.hashes import sha256
from chestnut.files.json_files import json_text, read_json, write_json
from chestnut.inference.bundle_facts import BUNDLE_VERSION, PARTS, PartName, check_facts
from chestnut.inference.guard.summary import GuardSummary
from chestnut.inference.parity import Parity
from chestnut.lungfield.network import MODEL
from chestnut.models.finite import describe_bad_weights

__all__ = ["BUNDLE_VERSION", "PARTS", "Bundle", "PartName", "change_bundle", "write_bundle"]

_MODEL: Final = "model.keras"
_FACTS: Final = "bundle.json"
_REMEDY = "restore it from a copy or train again"


@dataclass(frozen=True)
class Bundle:
    """The content of bundle.json and the folder that contains it.

    Attributes:
        folder: The bundle's folder.
        recipe: The name of the recipe that made the network.
        classes: The class names in the order of the network's outputs.
        positive: The positive class of two, which is the last; None for more classes.
        spec: The size, channels and grey values of the network's input.
        temperature: The number, in 0.001..1000, that divides the logits before they become probabilities.
        threshold: The probability of the positive class, in 0..1, from which the decision is positive; unused for more
            classes.
        synthetic: Whether the network was trained on synthetic images.
        weights: The SHA-256 of `model.keras`.
        lungs: The name and hash of the network that finds the lungs; None if the input does not need them.
        parts: The SHA-256 of each of `PARTS` that the bundle has.
        calibration: How the temperature was fitted, or why it was not; None if that was never tried.
        operating_point: How the threshold was chosen, and what it promises; None for one that no rule chose.
        guard: How the guard was fitted; None without one.
        parity: How far `model.onnx` is from `model.keras`; None without `model.onnx`.
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
    lungs: str | None = None
    parts: Mapping[PartName, str] = field(default_factory=dict)
    calibration: Calibration | None = None
    operating_point: OperatingPoint | None = None
    guard: GuardSummary | None = None
    parity: Parity | None = None

    @property
    def decided_at(self) -> str:
        """The threshold and where it comes from, in words; empty for more than two classes."""
        if self.positive is None:
            return ""
        return f"{self.threshold:.4g}" if self.operating_point is None else str(self.operating_point)

    @cached_property
    def identity(self) -> str:
        """The SHA-256 of all that the bundle states, its files' hashes among it: equal bundles decide equally."""
        return hashlib.sha256(json_text(self.to_dict()).encode()).hexdigest()

    @property
    def model_file(self) -> Path:
        """The file that contains the network."""
        return self.folder / _MODEL

    @classmethod
    def read(cls, folder: Path, *, usable: bool = True) -> Bundle:
        """Read a bundle and check its values, and that its network was not changed.

        Args:
            folder: The bundle's folder.
            usable: Whether to check the network too: that it is there and unchanged, and sees the lungs as in training.

        Raises:
            BundleError: A file is missing or changed, a value is not possible, the bundle was made by a newer
                chestnut, or with another network that finds the lungs.
        """
        finish_replacement(folder)
        return read_whole(folder, lambda: cls._read(folder, usable=usable))

    def read_part(self, name: PartName) -> bytes | None:
        """Return the content of a part; None if the bundle does not have it.

        Raises:
            BundleError: The part is missing or was changed.
        """
        if name not in self.parts:
            return None
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BundleError(f"{path} is missing from the bundle; {_REMEDY}") from error
        if hashlib.sha256(content).hexdigest() != self.parts[name]:
            raise BundleError(f"{path} was changed: its hash differs from bundle.json; {_REMEDY}")
        return content

    @classmethod
    def _read(cls, folder: Path, *, usable: bool) -> Bundle:
        path = folder / _FACTS
        if not path.is_file():
            raise BundleError(
                f"{folder.parent} has no bundle, because its training has not finished; "
                f"chestnut info {folder.parent} shows its status"
            )
        try:
            values = read_json(path, remedy=_REMEDY)
        except DataError as error:
            raise BundleError(str(error)) from error
        version = values.get("format") if isinstance(values, dict) else None
        if isinstance(version, int) and version > BUNDLE_VERSION:
            raise BundleError(
                f"{folder} was made by a newer chestnut (format {version:.12g}, this one reads up to "
                f"{BUNDLE_VERSION}); upgrade with pip install --upgrade chestnut"
            )
        facts = check_facts(values, f"{path} is damaged", _REMEDY)
        if usable:
            _check_hash(folder / _MODEL, facts.sha256[_MODEL])
        if usable and facts.input.needs_lungs and facts.lungs != MODEL:
            raise BundleError(
                f"{folder.parent} was trained on lungs that the network {facts.lungs} found, and this chestnut has "
                f"{MODEL}, so that it would see other pixels; use the chestnut that trained it, or train again"
            )
        return cls(
            folder=folder,
            recipe=facts.recipe,
            classes=tuple(facts.classes),
            positive=facts.positive,
            spec=facts.input,
            temperature=facts.temperature,
            threshold=facts.threshold,
            synthetic=facts.synthetic,
            weights=facts.sha256[_MODEL],
            lungs=facts.lungs,
            parts={name: facts.sha256[name] for name in PARTS if name in facts.sha256},
            calibration=None if facts.calibration is None else facts.calibration.to_value(),
            operating_point=None if facts.operating_point is None else facts.operating_point.to_value(),
            guard=None if facts.guard is None else facts.guard.to_value(),
            parity=None if facts.parity is None else facts.parity.to_value(),
        )

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
            "lungs": self.lungs,
            "sha256": {_MODEL: self.weights, **self.parts},
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            "operating_point": None if self.operating_point is None else self.operating_point.to_dict(),
            "guard": None if self.guard is None else self.guard.to_dict(),
            "parity": None if self.parity is None else self.parity.to_dict(),
        }


def _ignore(content: str) -> None:
    """Take the content of a bundle.json that no record lists."""


def write_bundle(folder: Path, network: Any, announce: Callable[[str], None] = _ignore, **facts: Any) -> Bundle:
    """Write a bundle, completely or not at all.

    Args:
        folder: The bundle's folder; an older bundle there is replaced.
        network: A Keras network.
        announce: Receives the content of bundle.json before the bundle takes its place.
        facts: The fields of `Bundle` other than `folder` and `weights`.

    Raises:
        BundleError: A value is not possible, such as a threshold above 1, or the network has weights that are NaN or
            infinite.
        DiskError: The disk is full or not writable.
    """
    if fault := describe_bad_weights(network):
        raise BundleError(f"{folder} is not written: {fault}, so the network would decide nothing")
    with replacement_folder(folder) as draft:
        network.save(draft / _MODEL)
        bundle = Bundle(folder=folder, weights=sha256(draft / _MODEL), **facts)
        _write_facts(draft / _FACTS, bundle, announce)
    return bundle


def change_bundle(
    folder: Path,
    announce: Callable[[str], None] = _ignore,
    parts: Mapping[PartName, bytes | None] | None = None,
    **facts: Any,
) -> Bundle:
    """Change what a bundle states, or its parts, but not its network.

    Args:
        folder: The bundle's folder.
        announce: Receives the new content of bundle.json before it is written.
        parts: The new content of each part to change; None removes it.
        facts: New values of fields of `Bundle`, such as `threshold` or `temperature`.

    Raises:
        BundleError: A file is missing or changed, a value is not possible, or the bundle was made by a newer chestnut.
        DiskError: The disk is full or not writable; the bundle is unchanged.
    """
    old = Bundle.read(folder)
    if not parts:
        bundle = replace(old, **facts)
        _write_facts(folder / _FACTS, bundle, announce)
        return bundle
    kept = {name: old.parts[name] for name in old.parts if name not in parts}
    for name in kept:
        old.read_part(name)  # it is not to be changed already
    new = {name: content for name, content in parts.items() if content is not None}
    hashes = kept | {name: hashlib.sha256(content).hexdigest() for name, content in new.items()}
    bundle = replace(old, parts={name: hashes[name] for name in PARTS if name in hashes}, **facts)
    with replacement_folder(folder) as draft:
        for unchanged in (_MODEL, *kept):
            _link(folder / unchanged, draft / unchanged)
        for name, content in new.items():
            (draft / name).write_bytes(content)
        _write_facts(draft / _FACTS, bundle, announce)
    return bundle


def _link(source: Path, target: Path) -> None:
    """Give a file that never changes a second name, or copy it where the disk has no such names."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write_facts(path: Path, bundle: Bundle, announce: Callable[[str], None]) -> None:
    check_facts(bundle.to_dict(), f"{bundle.folder} is not written", "give a possible value")
    announce(json_text(bundle.to_dict()))
    write_json(path, bundle.to_dict())


def _check_hash(path: Path, expected: str) -> None:
    if not path.is_file():
        raise BundleError(f"{path} is missing from the bundle; restore it from a copy or train again")
    if sha256(path) != expected:
        raise BundleError(f"{path} was changed after training: its hash differs from bundle.json; do not use it")
