"""Draw the worst mistakes of an evaluation beside it, with the places that spoke for what was decided."""

from __future__ import annotations

import logging
from typing import Any, Final

import pandas as pd

from chestnut.errors import ChestnutError
from chestnut.explain.gallery import Gallery, GalleryImage, make_gallery, read_gallery, write_gallery
from chestnut.files.folders import finish_replacement, remove_folder, replacement_folder
from chestnut.inference.engines.onnx_engine import PART, OnnxEngine
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable

#: The most mistakes of an evaluation that are drawn.
MOST: Final = 12

#: The most pixels of the longer side of a picture of a mistake.
SIDE: Final = 256

#: No map is begun after so many seconds, and gradients are taken where occlusion would need more.
SECONDS: Final = 20.0

_log = logging.getLogger(__name__)


def find_mistakes(table: PredictionTable) -> pd.DataFrame:
    """Return the wrong decisions of an evaluation, those whose true class got the least probability first.

    Returns:
        The rows of the table, with one more column, `true_probability`.
    """
    frame = table.frame
    given = table.probabilities[range(len(frame)), table.targets]
    found = frame.assign(true_probability=given)[frame["decision"] != frame["label"]]
    return found.sort_values("true_probability", kind="stable", ignore_index=True)


def gallery_image(row: Any, classes: tuple[str, ...]) -> GalleryImage:
    """Return a row of predictions.csv, as a mapping, for a gallery."""
    shares = {name: float(row[f"probability_{name}"]) for name in classes}
    return GalleryImage(row["path"], row["patient"], row["label"], row["decision"], shares)


def draw_mistakes(run: RunFolder, name: str, bars: Bars = silent) -> None:
    """Write the gallery of an evaluation's worst mistakes to `evaluation/<name>/mistakes/`, in the place of an old one.

    There are no maps where the bundle has no network for ONNX Runtime, and no more are begun after `SECONDS`. An image
    that cannot be read any more has no picture.

    Args:
        run: The run.
        name: The name of the evaluation.
        bars: Shows the progress.

    Raises:
        DiskError: The disk is full or not writable.
    """
    folder = run.evaluation(name) / "mistakes"
    bundle = read_run_bundle(run)
    rows = find_mistakes(run.predictions(name, bundle.classes)).head(MOST).to_dict("records")
    if not rows:
        finish_replacement(folder)
        if folder.is_dir():
            remove_folder(folder)
        return
    engine = OnnxEngine.open(bundle) if PART in bundle.parts else None
    chosen = [gallery_image(row, bundle.classes) for row in rows]
    with bars("Drawing mistakes") as tick:
        gallery = make_gallery(bundle, engine, chosen, side=SIDE, seconds=SECONDS, tick=tick)
    with replacement_folder(folder) as draft:
        write_gallery(draft, gallery)


def read_mistakes(run: RunFolder, name: str) -> Gallery | None:
    """Read the gallery of an evaluation's worst mistakes; None if there is none, or if it is damaged.

    It may be older than the predictions beside it: compare each of its images with these.
    """
    folder = run.evaluation(name) / "mistakes"
    finish_replacement(folder)
    try:
        return read_gallery(folder)
    except ChestnutError as error:
        _log.warning("%s; the pictures are left out", error)
        return None
