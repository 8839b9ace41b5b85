"""Predict images with a run or a bundle, on this machine or on a Ray cluster, a few hundred at a time."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import PredictOptions, PredictSettings, read_options
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from chestnut.data.overlap import KnownImages
    from chestnut.data.sources.image_list import ImageList
    from chestnut.inference.journal import Journal
    from chestnut.inference.model_folder import ModelFolder
    from chestnut.inference.prediction_summary import PredictionSummary
    from chestnut.inference.predictions import Predictions

#: Files, folders, tables and patterns of images.
Images = str | Path | Sequence[str | Path]


def predict(
    model: ModelFolder | RunFolder | str | Path,
    images: Images,
    *,
    skip_bad: bool = False,
    **options: Unpack[PredictOptions],
) -> Predictions:
    """Predict images with a run, or with a bundle that was copied without its run; see `Run.predict`."""
    from chestnut.inference.predictions import Predictions

    return Predictions.joined(predict_parts(model, images, skip_bad=skip_bad, **options))


def predict_parts(
    model: ModelFolder | RunFolder | str | Path,
    images: Images,
    *,
    skip_bad: bool = False,
    **options: Unpack[PredictOptions],
) -> Generator[Predictions]:
    """Predict as `predict` does, and yield the predictions of a few hundred images at a time, in order."""
    task = _Task.prepare(model, images, read_options(PredictSettings, options))
    yield from task.checked(task.predict(), skip_bad=skip_bad)


def predict_csv(
    model: ModelFolder | RunFolder | str | Path,
    images: Images,
    path: str | Path,
    *,
    force: bool = False,
    skip_bad: bool = False,
    most: int | None = 50,
    **options: Unpack[PredictOptions],
) -> PredictionSummary:
    """Predict images into a CSV, however many they are; a call that was stopped goes on where it was.

    Until the CSV is complete, the predictions of more than a few hundred images are kept in a file beside it, named
    `<CSV>.part`. The same call then goes on from there, and the CSV is the same as if nothing had happened.

    Args:
        model: The folder of a run or of a bundle.
        images: Files, folders, CSVs with a column of paths, and patterns of these.
        path: The CSV: a row for each image, with the columns of `Predictions.frame`.
        force: Whether an existing CSV, and the beginning of another one, may be overwritten.
        skip_bad: Whether to leave out images that cannot be read; otherwise they have a row with the column `error`.
        most: How many of the first predictions are returned with the counts; None for all.
        **options: As for `Run.predict`.

    Raises:
        DataError: No images, or not one that can be read; the CSV exists; or its beginning is of other predictions.
        RunError: The CSV is inside a run or a study.
        DiskError: The disk is full or not writable.
        EngineError: An engine that is unknown or cannot be reached.
    """
    from chestnut.errors import DataError
    from chestnut.files.atomic import is_stream
    from chestnut.inference.prediction_summary import PredictionSummary
    from chestnut.inference.predictions import CHUNK, saved
    from chestnut.runs.places import require_outside_runs

    path, settings = Path(path), read_options(PredictSettings, options)
    require_outside_runs(path)
    if path.is_file() and not is_stream(path) and not force:
        raise DataError(f"{path} exists already; name another file, or overwrite it with force=True")
    task = _Task.prepare(model, images, settings)
    if is_stream(path) or len(task.images) <= CHUNK:
        parts = task.checked(task.predict(), skip_bad=True)
        return PredictionSummary.of(saved(parts, path, errors=not skip_bad), most)
    from chestnut.inference.journal import Journal

    journal = Journal.beside(path, task.model.bundle, task.subject, force=force)
    parts = task.checked(task.resume(journal), skip_bad=True)
    summary = PredictionSummary.of(saved(parts, path, errors=not skip_bad), most)
    journal.remove()
    return summary


@dataclass(frozen=True)
class _Task:
    """Images that are to be predicted.

    Attributes:
        model: What predicts.
        images: The images.
        settings: How.
    """

    model: ModelFolder
    images: ImageList
    settings: PredictSettings

    @classmethod
    def prepare(cls, model: ModelFolder | RunFolder | str | Path, images: Images, settings: PredictSettings) -> _Task:
        """Check the settings, open the model and find the images."""
        from chestnut.data.sources.image_list import ImageList
        from chestnut.inference.bundle_guard import require_guard

        settings.check()
        opened = open_model(model)
        require_guard(opened.bundle, settings.on_outlier)
        return cls(opened, ImageList.find([images] if isinstance(images, str | os.PathLike) else images), settings)

    @property
    def subject(self) -> dict[str, str | bool]:
        """What decides the predictions, beside the bundle."""
        how = self.settings
        return {
            "images": self.images.digest,
            "engine": how.engine_name,
            "precision": how.precision,
            "guard": how.on_outlier != "ignore",
        }

    def predict(self, start: int = 0) -> Iterator[Predictions]:
        """Predict the images from one on, and look which the run knows."""
        known, done, total = self._known(), start, len(self.images)
        if start == total:
            return
        with self.settings.shown.bar("Predicting") as tick:
            tick(start, total)
            for part in self._predict(start):
                done += len(part.paths) + len(part.bad)
                tick(done, total)
                yield part if known is None else replace(part, overlap=known.count(part.paths, part.digests))

    def resume(self, journal: Journal) -> Iterator[Predictions]:
        """Yield what a journal has, then predict the other images into it."""
        done = 0
        for first, part in journal.read():
            done = first + len(part.paths) + len(part.bad)
            yield part
        for part in self.predict(done):
            journal.add(done, part)
            done += len(part.paths) + len(part.bad)
            yield part

    def checked(self, parts: Iterator[Predictions], *, skip_bad: bool) -> Generator[Predictions]:
        """Refuse what is to be refused, and name the sets of classes that are asked for."""
        from chestnut.inference.predict import Checks
        from chestnut.inference.reference import read_set_rule

        checks, plan = Checks(skip_bad, self.settings.on_outlier), self.settings.sets
        rule = None if plan is None else read_set_rule(self.model.bundle, plan)
        for part in parts:
            checks.apply(part)
            yield part.with_sets(rule)

    def _known(self) -> KnownImages | None:
        from chestnut.data.overlap import KnownImages

        return None if self.model.manifest is None else KnownImages.of(self.model.manifest)

    def _predict(self, start: int) -> Iterator[Predictions]:
        how, bundle, images = self.settings, self.model.bundle, self.images.after(start)
        guarded = how.on_outlier != "ignore"
        if how.engine != "ray":
            from chestnut.inference.predict import predict_parts as predict_here

            yield from predict_here(bundle, images, engine=how.engine_settings, guarded=guarded)
            return
        from chestnut.jobs.ray.predict import predict_on_ray

        yield from predict_on_ray(bundle, images, address=how.address, jobs=how.jobs, wait=how.wait, guarded=guarded)


def open_model(model: ModelFolder | RunFolder | str | Path) -> ModelFolder:
    """Open a run or a bundle, unless it is open.

    Raises:
        BundleError: The bundle is missing or was changed.
        RunError: There is neither a run nor a bundle.
    """
    from chestnut.inference.model_folder import ModelFolder

    if isinstance(model, ModelFolder):
        return model
    return ModelFolder.open(model.path if isinstance(model, RunFolder) else Path(model))
