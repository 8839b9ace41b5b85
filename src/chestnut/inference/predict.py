"""Predict image files with a run's network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from chestnut.data.decoding.decode import decode_framed
from chestnut.data.decoding.frame import Framed
from chestnut.data.parallel import in_order
from chestnut.errors import ImageError
from chestnut.inference.bundle import Bundle
from chestnut.inference.keras_engine import KerasEngine
from chestnut.inference.predictions import Predictions, in_chunks, refuse_bad
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder

__all__ = ["Predictions", "Predictor", "predict_parts", "predict_run"]


@dataclass(frozen=True)
class Predictor:
    """A bundle with its network in memory.

    Attributes:
        bundle: The bundle.
        engine: The engine that computes with its network.
    """

    bundle: Bundle
    engine: KerasEngine

    @classmethod
    def open(cls, bundle: Bundle) -> Self:
        """Load the network of a bundle.

        Raises:
            BundleError: The bundle was changed or is refused.
        """
        return cls(bundle, KerasEngine.open(bundle))

    def predict(self, chunk: Sequence[str], threads: int | None = None) -> Predictions:
        """Predict images. Those that cannot be read are left out and listed in the result's `bad`.

        Args:
            chunk: Image references, as in a manifest's `path`: a few hundred at most, since all are decoded first.
            threads: The number of threads that decode; None for one per core.

        Raises:
            BundleError: The network's output for an image is NaN or infinite.
        """
        bundle, spec = self.bundle, self.bundle.spec

        def attempt(path: str) -> Framed | ImageError:
            try:
                return decode_framed(path, spec)
            except ImageError as error:
                return error

        results = list(zip(chunk, in_order(attempt, chunk, threads), strict=True))
        read = [(path, result) for path, result in results if not isinstance(result, ImageError)]
        probabilities = np.zeros((0, len(bundle.classes)))
        if read:
            paths = [path for path, _ in read]
            images = np.stack([framed.image for _, framed in read])
            probabilities = self.engine.probabilities(images, paths, bundle.temperature)
        return Predictions(
            paths=tuple(path for path, _ in read),
            probabilities=probabilities,
            classes=bundle.classes,
            positive=bundle.positive,
            threshold=bundle.threshold,
            bad=tuple(result for _, result in results if isinstance(result, ImageError)),
            synthetic=bundle.synthetic,
            digests=tuple(hashlib.sha256(framed.image.tobytes()).hexdigest() for _, framed in read),
            lungs_found=tuple(framed.found for _, framed in read) if spec.needs_lungs else None,
        )


def predict_parts(
    run: RunFolder, images: list[str], *, skip_bad: bool = False, bars: Bars = silent
) -> Iterator[Predictions]:
    """Predict images with a run's network, part by part, in the order given; see `predict_run`."""
    predictor, done = Predictor.open(read_run_bundle(run)), 0
    with bars("Predicting") as tick:
        for chunk in in_chunks(images):
            part = predictor.predict(chunk)
            if not skip_bad:
                refuse_bad(part)
            done += len(chunk)
            tick(done, len(images))
            yield part


def predict_run(run: RunFolder, images: list[str], *, skip_bad: bool = False, bars: Bars = silent) -> Predictions:
    """Predict images with a run's network.

    Args:
        run: A trained run.
        images: Image references, as in a manifest's `path`.
        skip_bad: Whether to leave unreadable images out instead of raising an error.
        bars: Shows the progress.

    Raises:
        DataError: There are no images, or some cannot be read.
        BundleError: The run's bundle is missing or was changed, or its output for an image is NaN or infinite.
    """
    return Predictions.joined(predict_parts(run, images, skip_bad=skip_bad, bars=bars))
