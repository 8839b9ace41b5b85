"""`Seen`: the images of an evaluation as the network sees them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chestnut.data.cache.cache import decode_all
from chestnut.data.manifest import Manifest
from chestnut.data.pixels import Pixels
from chestnut.evaluation.arrays import Ints
from chestnut.inference.bundle import Bundle
from chestnut.inference.own_images import decode_unchanged
from chestnut.mistakes.evaluated import Evaluated
from chestnut.progress import Bars
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True, eq=False)
class Seen:
    """The images of an evaluation that can still be read.

    Attributes:
        rows: Their rows in the evaluation, shape (n,), in order.
        manifest: The images, with the attributes and the source where the run has them.
        pixels: What the network sees, uint8, shape (n, height, width).
    """

    rows: Ints
    manifest: Manifest
    pixels: Pixels

    def places(self, rows: Ints) -> tuple[Ints, Ints]:
        """Return which of some rows of the evaluation are here, and at which places."""
        place = {row: at for at, row in enumerate(self.rows.tolist())}
        known = [row for row in rows.tolist() if row in place]
        return np.array(known, dtype=np.int64), np.array([place[row] for row in known], dtype=np.int64)


def see_images(run: RunFolder, bundle: Bundle, evaluated: Evaluated, bars: Bars) -> Seen | None:
    """Decode the images of an evaluation, without those that cannot be read any more; None if there is none left.

    Args:
        run: The run.
        bundle: Its bundle.
        evaluated: The images.
        bars: Shows the progress.

    Raises:
        DataError: Images of the run have changed since it was trained, or none can be read.
    """
    manifest = _list_images(run, evaluated)
    if not any(Path(path.partition("#")[0]).exists() for path in manifest.paths):
        return None
    if evaluated.own:
        decoded = decode_unchanged(manifest, bundle.spec, skip_bad=True, bars=bars)
    else:
        with bars("Decoding images") as tick:
            decoded = decode_all(manifest, bundle.spec, skip_bad=True, progress=tick)
    place = {path: row for row, path in enumerate(evaluated.table.frame["path"])}
    rows = np.array([place[path] for path in decoded.manifest.paths], dtype=np.int64)
    return Seen(rows, decoded.manifest, decoded.pixels)


def _list_images(run: RunFolder, evaluated: Evaluated) -> Manifest:
    """Return the images of an evaluation with all that the run knows of them."""
    frame, manifest = evaluated.table.frame, run.manifest
    place = {path: row for row, path in enumerate(manifest.paths)}
    if all(path in place for path in frame["path"]):
        return manifest.take([place[path] for path in frame["path"]])
    return Manifest.build(frame[["path", "label", "patient"]], Path(evaluated.data))
