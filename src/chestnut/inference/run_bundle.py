"""Read and write the bundle of a run, whose record keeps the hash of bundle.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chestnut.errors import BundleError, RunError
from chestnut.files.folders import finish_replacement
from chestnut.inference.bundle import Bundle, keep_threshold, write_bundle
from chestnut.runs.folder import RunFolder


def read_run_bundle(run: RunFolder) -> Bundle:
    """Read the bundle of a run, and check that neither its network nor its bundle.json was changed.

    Raises:
        BundleError: A file is missing or changed, or the bundle was made by a newer chestnut.
    """
    finish_replacement(run.bundle)
    if _facts_file(run).exists():
        try:
            run.read(_facts_file(run))
        except RunError as error:
            raise BundleError(str(error)) from error
    return Bundle.read(run.bundle)


def write_run_bundle(run: RunFolder, network: Any, **facts: Any) -> Bundle:
    """Write the bundle of a run; see `write_bundle` for the arguments and errors."""
    with run.files.replacing(_facts_file(run)) as announce:
        return write_bundle(run.bundle, network, announce, **facts)


def keep_run_threshold(run: RunFolder, threshold: float) -> Bundle:
    """Change the threshold in the bundle of a run; see `keep_threshold` for the errors.

    Args:
        run: The run.
        threshold: The probability of the positive class, in 0..1, from which the decision is positive.
    """
    read_run_bundle(run)
    with run.files.replacing(_facts_file(run)) as announce:
        return keep_threshold(run.bundle, threshold, announce)


def _facts_file(run: RunFolder) -> Path:
    return run.bundle / "bundle.json"
