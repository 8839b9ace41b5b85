"""Find the images of a run or a cross-validation whose labels may be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.api.run import Run, open_folder
from chestnut.errors import ExplanationError, suggest

if TYPE_CHECKING:
    from chestnut.explain.methods import Choice
    from chestnut.inference.bundle import Bundle
    from chestnut.inference.engines.engine import Engine
    from chestnut.mistakes.labels.suspects import Suspects
    from chestnut.runs.folder import RunFolder
    from chestnut.studies.held_out import HeldOut


def label_errors(
    source: str | Path | Run,
    split: str = "val",
    *,
    folds: str | Path | None = None,
    method: Choice = "auto",
    identities: bool = False,
    **options: Unpack[DisplayOptions],
) -> Suspects:
    """Find the images whose labels may be wrong, by confident learning, and write them into `suspects/`.

    No label is changed. `suspects.csv` lists every image, suspects first. After a review of its column `label`, it can
    be given to `train`: as `labels` for the same folder, or as the data.

    Args:
        source: A cross-validation's folder, all of whose images are judged; or a run, or its folder.
        split: For a run: the evaluation whose images are judged, `val`, `test` or another data set. If the run is a
            fold of a cross-validation, all images of that are judged instead.
        folds: For a run: a cross-validation of the same data, by which all images are judged.
        method: How to make the maps of the first suspects.
        identities: Whether the page shows the names of images and patients.
        **options: `quiet` and `display`; see `DisplaySettings`.

    Returns:
        The suspects, with `suspects` (their number), `by_label`, `noise`, `listed` and `sentences`.

    Raises:
        RunError: There is no run, no such evaluation or no cross-validation; or suspects.csv of an earlier call was
            changed since.
        DataError: The cross-validation has other images or classes, or its folds divide patients.
        MissingExtraError: cleanlab is not installed.
    """
    from chestnut.explain.methods import CHOICES
    from chestnut.files.folders import replacement_folder
    from chestnut.mistakes.labels.files import PAGE, require_unchanged, write_suspects
    from chestnut.mistakes.labels.pictures import draw_suspects
    from chestnut.mistakes.labels.quality import require_cleanlab
    from chestnut.mistakes.labels.review_table import make_review_table
    from chestnut.mistakes.labels.suspects import find_suspects
    from chestnut.report.pages.suspects import write_suspects_page

    bars = read_options(DisplaySettings, options).shown.bar
    if method not in CHOICES:
        raise ExplanationError(f"method={method!r} is unknown; {suggest(method, CHOICES)}")
    require_cleanlab()
    held = _read(source, split, folds)
    place = held.folder / "suspects"
    require_unchanged(place)
    found, quality = find_suspects(held.table, held.words, held.notes)
    table = make_review_table(held.manifest, held.table, quality)
    gallery = draw_suspects(found.listed, found.classes, held.judges, lambda run: _open(run, method), method, bars)
    with replacement_folder(place) as draft:
        write_suspects(draft, found, table, gallery)
        write_suspects_page(draft / PAGE, held, found, gallery, identities=identities)
    return found


def _read(source: str | Path | Run, split: str, folds: str | Path | None) -> HeldOut:
    from chestnut.studies.crossval.plan import CrossFolder
    from chestnut.studies.held_out import find_folds, is_crossval, read_folds, read_run_by_folds, read_split

    if not isinstance(source, Run) and is_crossval(Path(source)):
        return read_folds(CrossFolder(Path(source)))
    run = open_folder(source)
    given = find_folds(run) if folds is None else CrossFolder(Path(folds))
    return read_split(run, split) if given is None else read_run_by_folds(run, given)


def _open(run: RunFolder, method: Choice) -> tuple[Bundle, Engine]:
    from chestnut.explain.opening import open_explainer
    from chestnut.inference.run_bundle import read_run_bundle

    bundle = read_run_bundle(run)
    return bundle, open_explainer(bundle, method)
