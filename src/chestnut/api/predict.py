"""Predict images with a run, on this machine or on a Ray cluster, a few hundred at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import PredictOptions, PredictSettings, read_options
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Generator

    from chestnut.inference.predictions import Predictions


def predict_parts(
    run: RunFolder | str | Path,
    images: str | Path | Sequence[str | Path],
    *,
    skip_bad: bool = False,
    **options: Unpack[PredictOptions],
) -> Generator[Predictions]:
    """Predict as `Run.predict` does, and yield the predictions of a few hundred images at a time, in order."""
    settings = read_options(PredictSettings, options)
    settings.check()
    folder = run if isinstance(run, RunFolder) else RunFolder.open(run)
    plan = settings.sets
    if plan is None:
        yield from _predict(folder, images, settings, skip_bad=skip_bad)
        return
    from chestnut.inference.reference import read_set_rule
    from chestnut.inference.run_bundle import read_run_bundle

    rule = read_set_rule(read_run_bundle(folder), plan)
    for part in _predict(folder, images, settings, skip_bad=skip_bad):
        yield part.with_sets(rule)


def _predict(
    run: RunFolder, images: str | Path | Sequence[str | Path], settings: PredictSettings, *, skip_bad: bool
) -> Generator[Predictions]:
    """Predict with the engine of the settings."""
    from chestnut.data.sources.load import image_files

    given = [images] if isinstance(images, str | Path) else images
    files, bar = image_files([str(item) for item in given]), settings.shown.bar
    if settings.engine == "ray":
        from chestnut.jobs.ray.predict import predict_on_ray

        address, jobs, wait = settings.address, settings.jobs, settings.wait
        yield from predict_on_ray(
            run,
            files,
            address=address,
            jobs=jobs,
            wait=wait,
            skip_bad=skip_bad,
            on_outlier=settings.on_outlier,
            bars=bar,
        )
        return
    from chestnut.inference.predict import predict_parts as predict_here

    yield from predict_here(run, files, skip_bad=skip_bad, on_outlier=settings.on_outlier, bars=bar)
