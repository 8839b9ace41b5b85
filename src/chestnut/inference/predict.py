"""Predict image files with a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chestnut.inference.bundle import Bundle
from chestnut.inference.engine_choice import DEFAULT, EngineSettings, open_predictor
from chestnut.inference.guard.policy import OnOutlier
from chestnut.inference.predictions import Predictions, in_chunks, refuse_bad, refuse_outliers


class Checks(NamedTuple):
    """What is to be refused.

    Attributes:
        skip_bad: Whether to go on without unreadable images instead of raising an error.
        on_outlier: What to do about images that are unlike the training images, if there is a guard: `warn` says so in
            the result, `refuse` raises, and `ignore` does not look.
    """

    skip_bad: bool = False
    on_outlier: OnOutlier = "warn"

    def apply(self, part: Predictions) -> None:
        """Check predictions.

        Raises:
            DataError: Some images could not be read, or are refused.
        """
        if not self.skip_bad:
            refuse_bad(part)
        if self.on_outlier == "refuse":
            refuse_outliers(part)


def predict_parts(
    bundle: Bundle, images: Iterable[str], *, engine: EngineSettings = DEFAULT, guarded: bool = True
) -> Iterator[Predictions]:
    """Predict images with a bundle, part by part, in the order given; unreadable ones are listed in each part's `bad`.

    Args:
        bundle: The bundle.
        images: Image references, as in a manifest's `path`.
        engine: What runs the network, and in how many threads.
        guarded: Whether images are to be judged by the guard, if the bundle has one.

    Raises:
        BundleError: The bundle was changed, or its output for an image is NaN or infinite.
    """
    return open_predictor(bundle, engine, guarded=guarded).stream(in_chunks(images), engine.workers)
