"""`Predictor`: a bundle that is ready to predict image files, whatever runs its network."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from chestnut.data.decoding.decode import quiet, render
from chestnut.data.decoding.headers import read_size
from chestnut.data.decoding.raw import fetched
from chestnut.data.decoding.viewed import Viewed, render_viewed
from chestnut.errors import ImageError
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.bundle import Bundle
from chestnut.inference.bundle_guard import Guard
from chestnut.inference.engines.engine import Engine
from chestnut.inference.guard.looks import Seen
from chestnut.inference.guard.verdict import Verdicts
from chestnut.inference.predictions import Predictions
from chestnut.processors import core_count

#: The number of images that one thread takes at a time. ONNX Runtime computes as many in a second in batches of 8 as of
#: 32 or, if the network is large, more, since the values between its layers stay in the processor's cache.
_TASK = 8

#: The number of chunks that wait for threads beside the one that is finished next.
_AHEAD = 1


class _Read(NamedTuple):
    """An image that was read: its pixels, whether its lungs were found, and the SHA-256 of what the network sees."""

    seen: Seen
    lungs_found: bool
    digest: str


_Attempt = _Read | ImageError


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
            chunk: Image references, as in a manifest's `path`: a few hundred at most.
            threads: The number of threads; None for one per core.

        Raises:
            BundleError: The network's output for an image is NaN or infinite.
        """
        return next(self.stream([chunk], threads))

    def stream(self, chunks: Iterable[Sequence[str]], threads: int | None = None) -> Iterator[Predictions]:
        """Predict images chunk by chunk.

        Each thread decodes a few images and, if the engine computes in several threads at once, predicts them. With
        another engine the threads decode the next chunk while this one is computed.

        Args:
            chunks: Image references, a few hundred in each.
            threads: The number of threads; None for one per core.

        Raises:
            BundleError: The network's output for an image is NaN or infinite.
        """
        pool = ThreadPoolExecutor(threads or core_count(), thread_name_prefix="chestnut")
        work = self._read_and_compute if self.engine.parallel else self._read
        waiting: deque[tuple[Sequence[str], list[Future[Any]]]] = deque()
        try:
            for chunk in chunks:
                tasks = (chunk[start : start + _TASK] for start in range(0, len(chunk), _TASK))
                waiting.append((chunk, [pool.submit(work, task) for task in tasks]))
                if len(waiting) > _AHEAD:
                    yield self._finish(*waiting.popleft(), threads)
            while waiting:
                yield self._finish(*waiting.popleft(), threads)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _finish(self, chunk: Sequence[str], tasks: Sequence[Future[Any]], threads: int | None) -> Predictions:
        """Return the predictions of a chunk when its tasks are done."""
        results = [task.result() for task in tasks]
        if self.engine.parallel:
            return Predictions.joined(results)
        return self._compute(chunk, [attempt for attempts in results for attempt in attempts], threads)

    def _read_and_compute(self, paths: Sequence[str]) -> Predictions:
        return self._compute(paths, self._read(paths), threads=1)

    def _read(self, paths: Sequence[str]) -> list[_Attempt]:
        return [self._attempt(path) for path in paths]

    def _attempt(self, path: str) -> _Attempt:
        """Decode an image, or return what is wrong with it."""
        spec = self.bundle.spec
        try:
            with quiet(), fetched(path) as raw:
                if self.guard is None:
                    framed = render(raw, spec)
                    viewed, size = Viewed(framed, framed.image), (0, 0)
                else:
                    viewed, size = render_viewed(raw, spec), read_size(raw)
        except ImageError as error:
            return error
        image = viewed.framed.image
        digest = hashlib.sha256(np.ascontiguousarray(image).data).hexdigest()
        return _Read(Seen(viewed.view, image, size), viewed.framed.found, digest)

    def _compute(self, chunk: Sequence[str], attempts: Sequence[_Attempt], threads: int | None) -> Predictions:
        """Compute what a network makes of decoded images, and judge them if there is a guard."""
        bundle = self.bundle
        read = [(path, one) for path, one in zip(chunk, attempts, strict=True) if isinstance(one, _Read)]
        paths, images = [path for path, _ in read], [one.seen for _, one in read]
        values, verdicts = np.zeros((0, len(bundle.classes))), None if self.guard is None else Verdicts.none()
        if images and self.guard is None:
            values = self.engine.probabilities(np.stack([seen.image for seen in images]), paths, bundle.temperature)
        elif images and self.guard is not None:
            outputs = self.engine.features(np.stack([seen.image for seen in images]), paths)
            values = probabilities(outputs.logits, bundle.temperature)
            verdicts = self.guard.judge(images, outputs.features, threads)
        return Predictions(
            paths=tuple(paths),
            probabilities=values,
            classes=bundle.classes,
            positive=bundle.positive,
            threshold=bundle.threshold,
            bad=tuple(one for one in attempts if isinstance(one, ImageError)),
            bad_rows=tuple(row for row, one in enumerate(attempts) if isinstance(one, ImageError)),
            synthetic=bundle.synthetic,
            digests=tuple(one.digest for _, one in read),
            lungs_found=tuple(one.lungs_found for _, one in read) if bundle.spec.needs_lungs else None,
            verdicts=verdicts,
        )
