"""Decode the images of a run, and check that they are still those that it was trained on."""

from __future__ import annotations

from chestnut.config import InputSpec
from chestnut.data.cache.cache import Decoded, decode_all
from chestnut.data.manifest import Manifest, changed_files
from chestnut.errors import DataError, listed
from chestnut.inference.bundle import Bundle
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder


def decode_own(run: RunFolder, bundle: Bundle, split: str, *, skip_bad: bool = False, bars: Bars = silent) -> Decoded:
    """Decode the images of one of a run's splits.

    Args:
        run: A trained run.
        bundle: Its bundle.
        split: train, val or test.
        skip_bad: Whether to leave unreadable images out instead of refusing them.
        bars: Shows the progress.

    Raises:
        DataError: The split is empty, or an image cannot be read or has changed since the run was trained.
    """
    return decode_unchanged(run.manifest.only(split), bundle.spec, skip_bad=skip_bad, bars=bars)


def decode_unchanged(manifest: Manifest, spec: InputSpec, *, skip_bad: bool = False, bars: Bars = silent) -> Decoded:
    """Decode images that a run's manifest lists.

    Args:
        manifest: Some images of a run's manifest.
        spec: The input of the run's network.
        skip_bad: Whether to leave unreadable images out instead of refusing them.
        bars: Shows the progress.

    Raises:
        DataError: An image cannot be read or has changed since the run was trained.
    """
    with bars("Decoding images") as tick:
        decoded = decode_all(manifest, spec, skip_bad=skip_bad, progress=tick)
    if changed := changed_files(manifest, decoded.manifest):
        raise DataError(
            f"{len(changed)} images have changed since the run was trained ({listed(changed, 3)}); "
            "restore them, or give the images as another data set"
        )
    return decoded
