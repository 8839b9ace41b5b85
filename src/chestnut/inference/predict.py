"""Predict image files with a run's network."""

from __future__ import annotations

from collections.abc import Iterator

from chestnut.inference.bundle_guard import require_guard
from chestnut.inference.engine_choice import EngineName, open_predictor
from chestnut.inference.guard.policy import OnOutlier
from chestnut.inference.predictions import Predictions, in_chunks, refuse_bad, refuse_outliers
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder

__all__ = ["Predictions", "predict_parts", "predict_run"]


def predict_parts(
    run: RunFolder,
    images: list[str],
    *,
    engine: EngineName = "onnx",
    skip_bad: bool = False,
    on_outlier: OnOutlier = "warn",
    bars: Bars = silent,
) -> Iterator[Predictions]:
    """Predict images with a run's network, part by part, in the order given; see `predict_run`."""
    bundle, done = read_run_bundle(run), 0
    require_guard(bundle, on_outlier)
    predictor = open_predictor(bundle, engine, guarded=on_outlier != "ignore")
    with bars("Predicting") as tick:
        for chunk in in_chunks(images):
            part = predictor.predict(chunk)
            if not skip_bad:
                refuse_bad(part)
            if on_outlier == "refuse":
                refuse_outliers(part)
            done += len(chunk)
            tick(done, len(images))
            yield part


def predict_run(
    run: RunFolder,
    images: list[str],
    *,
    engine: EngineName = "onnx",
    skip_bad: bool = False,
    on_outlier: OnOutlier = "warn",
    bars: Bars = silent,
) -> Predictions:
    """Predict images with a run's network.

    Args:
        run: A trained run.
        images: Image references, as in a manifest's `path`.
        engine: What runs the network: onnx or keras.
        skip_bad: Whether to leave unreadable images out instead of raising an error.
        on_outlier: What to do about images that are unlike the training images, if the run has a guard: `warn` says so
            in the result, `refuse` raises, and `ignore` does not look.
        bars: Shows the progress.

    Raises:
        DataError: There are no images, some cannot be read, some are refused, or are to be, and there is no guard.
        BundleError: The run's bundle is missing or was changed, or its output for an image is NaN or infinite.
    """
    return Predictions.joined(
        predict_parts(run, images, engine=engine, skip_bad=skip_bad, on_outlier=on_outlier, bars=bars)
    )
