"""Prepare a data set for training: choose the positive class, split, decode and check.

Every training goes through `prepare`, be it of one run, a comparison, a cross-validation or a search. They differ only
in how they divide the images, which they pass as a function. Nothing is written but the pixel cache.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chestnut.config import InputSpec
from chestnut.data.cache.cache import Decoded, decode_all
from chestnut.data.left_out import LeftOut
from chestnut.data.manifest import Manifest
from chestnut.data.patient_groups import labelled_targets
from chestnut.data.split import require_trainable
from chestnut.errors import ImageError
from chestnut.progress import Bars, silent

_log = logging.getLogger(__name__)

#: Gives images a split, or takes those that may be divided into folds.
Divide = Callable[[Manifest], Manifest]

#: Raises DataError if nothing can be learnt from the images.
Check = Callable[[Manifest], None]


@dataclass(frozen=True, eq=False)
class Prepared(Decoded):
    """Images that are ready for training.

    Attributes:
        manifest: The images that can be read, divided, with the SHA-256 of each image's pixels.
        pixels: The decoded images at the last of the input sizes, in the manifest's order.
        bad: The images that cannot be read and were left out.
        lungs_found: Whether the lungs of each image were found, at the last of the inputs; None if it does not need
            them.
    """

    @property
    def digest(self) -> str:
        """SHA-256 over path, label, patient, split and pixels of every image; it does not depend on their order.

        Two studies with equal digests have the same images and the same split.
        """
        rows = self.manifest.frame[["path", "label", "patient", "split", "sha256"]].sort_values("path")
        return hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()

    def with_notes_on_bad(self) -> Manifest:
        """Return the manifest with a note on each image that was left out."""
        return self.manifest.with_note(*(f"left out: {fault}" for fault in self.bad))


def prepare(
    data: Manifest,
    inputs: Iterable[InputSpec],
    divide: Divide,
    *,
    positive: str | None = None,
    check: Check = require_trainable,
    skip_bad: bool = False,
    bars: Bars = silent,
) -> Prepared:
    """Choose the positive class, divide the images, decode them and check that something can be learnt.

    Args:
        data: The labelled images.
        inputs: One or more sizes at which the images are decoded, once each.
        divide: A function that gives every image its split; its notes are logged.
        positive: The positive class of two; None keeps the manifest's own.
        check: A function that refuses images from which nothing can be learnt.
        skip_bad: Whether to leave out unreadable images instead of raising an error.
        bars: The progress bars.

    Raises:
        DataError: An image has no label; or as `divide`, `Manifest.with_positive` and `check` raise it.
        ImageError: An image cannot be read and is not to be left out.
    """
    chosen = data if positive is None else data.with_positive(positive)
    manifest = divide(chosen)
    labelled_targets(manifest)  # nothing is trained on an image without a label
    for note in manifest.notes[len(chosen.notes) :]:
        _log.info(note)
    bad: list[ImageError] = []
    decoded: Decoded | None = None
    for spec in dict.fromkeys(inputs):
        with bars(f"Decoding images at {spec.height}×{spec.width}") as tick:
            decoded = decode_all(manifest, spec, skip_bad=skip_bad, progress=tick)
        manifest = decoded.manifest
        bad += decoded.bad
        _log_lost(decoded)
    if decoded is None:
        raise ValueError("inputs is empty; give the input of at least one recipe")
    check(manifest)
    manifest = manifest.with_left_out(_count_bad(bad, chosen))
    return Prepared(manifest, decoded.pixels, tuple(bad), decoded.lungs_found)


def _count_bad(bad: Sequence[ImageError], data: Manifest) -> LeftOut:
    """Return how many images cannot be read, and of how many patients they are."""
    paths = {fault.path for fault in bad}
    owners = data.frame.loc[data.frame["path"].isin(paths), "patient"]
    known = len(owners) == len(paths)
    return LeftOut("cannot be read", len(paths), int(owners.nunique()) if known else None)


def _log_lost(decoded: Decoded) -> None:
    """Log in which images no lungs were found: as a warning where they are many."""
    lost = decoded.lost_lungs
    if lost is not None and lost.names:
        _log.log(logging.WARNING if lost.many else logging.INFO, str(lost))
