"""Read and write the bundle of a run, whose record keeps the hash of bundle.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chestnut.config import Recipe
from chestnut.data.manifest import Manifest
from chestnut.errors import BundleError, RunError
from chestnut.files.folders import finish_replacement
from chestnut.inference.bundle import Bundle, PartName, change_bundle, write_bundle
from chestnut.lungfield.network import MODEL
from chestnut.runs.folder import RunFolder


def read_run_bundle(run: RunFolder, *, usable: bool = True) -> Bundle:
    """Read the bundle of a run, and check that neither its network nor its bundle.json was changed.

    Args:
        run: The run.
        usable: Whether to check the network, too.

    Raises:
        BundleError: A file is missing or changed, or the bundle was made by a newer chestnut.
    """
    finish_replacement(run.bundle)
    if _facts_file(run).exists():
        try:
            run.read(_facts_file(run))
        except RunError as error:
            raise BundleError(str(error)) from error
    return Bundle.read(run.bundle, usable=usable)


def find_run_bundle(run: RunFolder) -> Bundle | None:
    """Read what the bundle of a run states, for those who do not use its network; None if there is no bundle.

    Raises:
        BundleError: bundle.json was changed or is damaged, or a newer chestnut made it.
    """
    finish_replacement(run.bundle)
    return read_run_bundle(run, usable=False) if _facts_file(run).exists() else None


def write_run_bundle(
    run: RunFolder, network: Any, recipe: Recipe, manifest: Manifest, *, synthetic: bool | None = None
) -> Bundle:
    """Write the bundle of a run that has just been made: its temperature is 1, and its threshold 0.5.

    Args:
        run: The run.
        network: A Keras network.
        recipe: The recipe of the network.
        manifest: The images of the run, which name the classes.
        synthetic: Whether the network has seen synthetic images; None if the manifest says so.

    Raises:
        BundleError: The network has weights that are NaN or infinite.
        DiskError: The disk is full or not writable.
    """
    with run.files.replacing(_facts_file(run)) as announce:
        return write_bundle(
            run.bundle,
            network,
            announce,
            recipe=recipe.name,
            classes=manifest.classes,
            positive=manifest.positive,
            spec=recipe.input,
            temperature=1.0,
            threshold=0.5,
            synthetic=manifest.synthetic if synthetic is None else synthetic,
            lungs=MODEL if recipe.input.needs_lungs else None,
        )


def change_run_bundle(run: RunFolder, parts: Mapping[PartName, bytes | None] | None = None, **facts: Any) -> Bundle:
    """Change what the bundle of a run states, or its parts; see `change_bundle` for arguments and errors."""
    read_run_bundle(run)
    with run.files.replacing(_facts_file(run)) as announce:
        return change_bundle(run.bundle, announce, parts, **facts)


def _facts_file(run: RunFolder) -> Path:
    return run.bundle / "bundle.json"
