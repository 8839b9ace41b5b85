"""`Predictor`: a bundle that is ready to predict image files, whatever runs its network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chestnut.data.decoding.decode import decode_framed
from chestnut.data.decoding.viewed import Viewed, decode_viewed
from chestnut.data.parallel import in_order
from chestnut.errors import ImageError
from chestnut.evaluation.arrays import Floats
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.bundle import Bundle
from chestnut.inference.bundle_guard import Guard
from chestnut.inference.engine import Engine
from chestnut.inference.guard.decoded import stored_sizes
from chestnut.inference.guard.looks import Seen
from chestnut.inference.guard.verdict import Verdicts
from chestnut.inference.predictions import Predictions


@dataclass(frozen=True)
class Predictor:
    """A bundle with its network in memory.

    Attributes:
        bundle: The bundle.
        engine: What computes with its network.
        guard: What tells images that are unlike the training images; None to judge none.
    """

    bundle: Bundle
    engine: Engine
    guard: Guard | None = None

    def predict(self, chunk: Sequence[str], threads: int | None = None) -> Predictions:
        """Predict images. Those that cannot be read are left out and listed in the result's `bad`.

        Args:
            chunk: Image references, as in a manifest's `path`: a few hundred at most, since all are decoded first.
            threads: The number of threads that decode; None for one per core.

        Raises:
            BundleError: The network's output for an image is NaN or infinite.
        """
        bundle, spec = self.bundle, self.bundle.spec
        results = list(zip(chunk, in_order(self._attempt, chunk, threads), strict=True))
        read = [(path, result) for path, result in results if not isinstance(result, ImageError)]
        paths, seen = [path for path, _ in read], [viewed for _, viewed in read]
        probabilities, verdicts = self._compute(paths, seen, threads)
        return Predictions(
            paths=tuple(paths),
            probabilities=probabilities,
            classes=bundle.classes,
            positive=bundle.positive,
            threshold=bundle.threshold,
            bad=tuple(result for _, result in results if isinstance(result, ImageError)),
            synthetic=bundle.synthetic,
            digests=tuple(hashlib.sha256(viewed.framed.image.tobytes()).hexdigest() for viewed in seen),
            lungs_found=tuple(viewed.framed.found for viewed in seen) if spec.needs_lungs else None,
            verdicts=verdicts,
        )

    def _attempt(self, path: str) -> Viewed | ImageError:
        """Decode an image, or return what is wrong with it."""
        try:
            if self.guard is not None:
                return decode_viewed(path, self.bundle.spec)
            framed = decode_framed(path, self.bundle.spec)
            return Viewed(framed, framed.image)
        except ImageError as error:
            return error

    def _compute(
        self, paths: Sequence[str], read: Sequence[Viewed], threads: int | None
    ) -> tuple[Floats, Verdicts | None]:
        """Compute the probabilities of images, and judge them if there is a guard."""
        temperature = self.bundle.temperature
        if not read:
            return np.zeros((0, len(self.bundle.classes))), None
        images = np.stack([viewed.framed.image for viewed in read])
        if self.guard is None:
            return self.engine.probabilities(images, paths, temperature), None
        outputs = self.engine.features(images, paths)
        sizes = stored_sizes(paths, threads)
        seen = [Seen(view, framed.image, size) for (framed, view), size in zip(read, sizes, strict=True)]
        return probabilities(outputs.logits, temperature), self.guard.judge(seen, outputs.features, threads)
