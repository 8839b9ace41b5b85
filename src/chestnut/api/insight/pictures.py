"""Draw images that a network judged as a page: each with its decision, its probabilities and a map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.api.predict import open_model
from chestnut.limits import MOST_SEED, require_between
from chestnut.runs.folder import RunFolder
from chestnut.runs.places import require_outside_runs

if TYPE_CHECKING:
    from chestnut.explain.gallery import Gallery, GalleryImage
    from chestnut.inference.bundle import Bundle
    from chestnut.inference.model_folder import ModelFolder
    from chestnut.inference.prediction_summary import PredictionSummary
    from chestnut.inference.predictions import Predictions
    from chestnut.progress import Bars
    from chestnut.report.pages.pictures import Remark

#: So many predictions have pictures, and so many more a row of the table: the page stays below 5 MB.
PICTURES: Final = 200
ROWS: Final = 2000

#: The most pixels of the longer side of a picture, where there are many and where there are few.
_SMALL, _LARGE, _MANY = 224, 320, 48

#: No map is begun after so many seconds.
SECONDS: Final = 60.0


class Pictured:
    """What a run can draw.

    Attributes:
        folder: The files of the run.
    """

    folder: RunFolder

    def show(
        self,
        path: str | Path,
        split: str = "val",
        *,
        each: int = 6,
        seed: int = 0,
        identities: bool = False,
        **options: Unpack[DisplayOptions],
    ) -> list[str]:
        """Draw random images of an evaluation as a page: truth, decision, probabilities and a map of the decision.

        Args:
            path: The page to write, a single HTML file that opens offline; outside the run.
            split: The name of an evaluation: val, test or train, or that of another data set.
            each: How many images of each class, 1 to 20.
            seed: Another seed picks other images.
            identities: Whether to show the names of images and patients, and not their numbers in identities.csv.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Returns:
            The images.

        Raises:
            RunError: There is no such evaluation, or the page is inside a run.
            DataError: A number is out of range.
        """
        from chestnut.inference.run_bundle import read_run_bundle
        from chestnut.report.identities import Identities
        from chestnut.report.pages.pictures import PicturePage, write_picture_page

        how, path = read_options(DisplaySettings, options), Path(path)
        require_between(1, 20, each=each)
        require_between(0, MOST_SEED, seed=seed)
        require_outside_runs(path)
        run, bundle = self.folder, read_run_bundle(self.folder)
        rows, right = _sample(run, split, bundle, each, seed)
        gallery, notes = _draw(bundle, rows, how.shown.bar)
        page = PicturePage(
            "Images of an evaluation",
            f"{run.name}: {split}",
            f"{len(rows)} random images of the evaluation {split}: {right} decided correctly, {len(rows) - right} not.",
            gallery,
            notes=tuple(notes),
            synthetic=bundle.synthetic,
        )
        write_picture_page(page, path, Identities.of_folder(run.path, run.facts, run.rows, shown=identities))
        return [row.path for row in rows]


def draw_predictions(
    model: ModelFolder | RunFolder | str | Path,
    predictions: Predictions | PredictionSummary,
    path: str | Path,
    *,
    identities: bool = False,
    **options: Unpack[DisplayOptions],
) -> None:
    """Draw predictions as a page: the first 200 as pictures with maps of what was decided, others as a table.

    Args:
        model: The run or the bundle that predicted.
        predictions: What `predict` or `predict_csv` returned.
        path: The page to write, a single HTML file that opens offline and stays below 5 MB.
        identities: Whether to show the names of the files. Otherwise the page has numbers in their place, which
            identities.csv beside it explains.
        **options: `quiet` and `display`; see `DisplaySettings`.

    Raises:
        RunError: The page is inside a run or a study.
        BundleError: The bundle is missing or was changed.
        DiskError: The disk is full or not writable.
    """
    from chestnut.explain.gallery import GalleryImage
    from chestnut.inference.prediction_summary import PredictionSummary
    from chestnut.report.identities import Identities
    from chestnut.report.pages.pictures import PicturePage, write_picture_page

    how, path = read_options(DisplaySettings, options), Path(path)
    require_outside_runs(path)
    seen = predictions if isinstance(predictions, PredictionSummary) else PredictionSummary.of([predictions])
    opened, shown = open_model(model), seen.shown
    rows = [
        GalleryImage(one, "", "", decision, dict(zip(shown.classes, map(float, shares), strict=True)))
        for one, shares, decision in zip(shown.paths, shown.probabilities, shown.decisions, strict=True)
    ]
    gallery, late = _draw(opened.bundle, rows[:PICTURES], how.shown.bar)
    page = PicturePage(
        "Predictions",
        f"{seen.images:,} {'image' if seen.images == 1 else 'images'}, by {_name(opened)}",
        _count_decisions(seen),
        gallery,
        tuple(rows[PICTURES : PICTURES + ROWS]),
        dict(zip(shown.paths, _describe_images(shown), strict=True)),
        (*_describe_all(seen), *late),
        max(0, seen.images - PICTURES - ROWS),
        tuple(str(fault) for fault in shown.bad),
        shown.synthetic,
    )
    write_picture_page(page, path, Identities(path.parent, common=shown.classes, shown=identities))


def _name(model: ModelFolder) -> str:
    return model.run.name if model.run is not None else model.bundle.folder.resolve().name


def _draw(bundle: Bundle, rows: list[GalleryImage], bars: Bars) -> tuple[Gallery, list[str]]:
    """Draw images with maps, and say how many have no map for want of time."""
    from chestnut.explain.gallery import make_gallery
    from chestnut.inference.engine_choice import open_engine

    side = _SMALL if len(rows) > _MANY else _LARGE
    with bars("Drawing maps") as tick:
        gallery = make_gallery(bundle, open_engine(bundle), rows, side=side, seconds=SECONDS, tick=tick)
    if not gallery.unmapped:
        return gallery, []
    return gallery, [
        f"{gallery.unmapped} of {len(rows)} pictures have no map: none is begun after {SECONDS:.0f} seconds"
    ]


def _sample(run: RunFolder, split: str, bundle: Bundle, each: int, seed: int) -> tuple[list[GalleryImage], int]:
    """Pick random images of each class of an evaluation; return them, and how many are decided correctly."""
    import numpy as np

    from chestnut.explain.mistake_gallery import gallery_image

    classes = tuple(run.metrics(split)["classes"])
    frame, random = run.predictions(split, classes).frame, np.random.default_rng(seed)
    picked = [
        int(row)
        for label in classes
        for row in random.permutation(np.flatnonzero((frame["label"] == label).to_numpy()))[:each]
    ]
    rows = [gallery_image(row, bundle.classes) for row in frame.iloc[picked].to_dict("records")]
    return rows, sum(row.label == row.decision for row in rows)


def _count_decisions(seen: PredictionSummary) -> str:
    shown = seen.shown
    counts = ", ".join(f"{count:,} {name}" for name, count in seen.decisions.items())
    at = f"; {shown.positive} is decided at a probability of {shown.threshold:.3g} or more" if shown.positive else ""
    return f"{counts}{at}."


def _describe_images(shown: Predictions) -> list[Remark]:
    """Return for each image what is to be known of it beside its probabilities."""
    from chestnut.report.pages.pictures import Remark

    count = len(shown.paths)
    sets = [f"set of possible classes: {' or '.join(names)}" for names in shown.sets or ()] or [""] * count
    strange = shown.verdicts.reasons if shown.verdicts else ("",) * count
    found = shown.lungs_found or (True,) * count
    return [
        Remark(
            tuple(filter(None, [one, "" if lungs else "its lungs were not found"])),
            f"unlike the training images: {reason}" if reason else "",
        )
        for one, reason, lungs in zip(sets, strange, found, strict=True)
    ]


def _describe_all(seen: PredictionSummary) -> list[str]:
    """Return what is to be known of the images together."""
    from chestnut.data.overlap import overlap_in_words
    from chestnut.inference.guard.verdict import describe_outliers

    rule = seen.shown.set_rule
    notes = [
        f"each set of possible classes contains the true one for {rule.plan.coverage:.0%} of new patients"
        if rule
        else "",
        f"{describe_outliers(seen.outliers, seen.images)}; do not rely on their answers" if seen.outliers else "",
        str(seen.lost_lungs),
        overlap_in_words(seen.overlap or {}, seen.images),
        f"{seen.unread:,} files could not be read" if seen.unread > 1 else "",
        "1 file could not be read" if seen.unread == 1 else "",
    ]
    return [note for note in notes if note]
