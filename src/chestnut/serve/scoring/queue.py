"""`ScoreQueue`: scores the images of all clients together, a few at a time, in one thread."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import NamedTuple

from chestnut.errors import ChestnutError, OverloadedError
from chestnut.serve.scoring.score import Score
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.scoring.upload import Decoded

#: The most images that wait, and that are scored together: more are no faster on a processor.
WAITING, TOGETHER = 256, 8

#: Seconds to wait for images that are being decoded, so that they are scored together with those that are ready.
_LINGER = 0.002

#: The share of the latest batch in the mean of the seconds that an image takes.
_LATEST = 0.2


class _Item(NamedTuple):
    image: Decoded
    answer: Future[Score]
    deadline: float


class ScoreQueue:
    """Scores images in the order in which they arrive.

    Images of several clients are scored together where they wait at the same time. One image waits for nobody.

    Args:
        scorer: The network.
        waiting: The most images that wait.
        together: The most images that are scored together.
        observe: Receives the number of images that were scored together, and the seconds that it took.
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        waiting: int = WAITING,
        together: int = TOGETHER,
        observe: Callable[[int, float], None] | None = None,
    ) -> None:
        self.scorer = scorer
        self._observe = observe
        self._most, self._together = waiting, together
        self._items: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._decoding = 0
        self._closed = False
        self._pace = 0.01
        self._thread = threading.Thread(target=self._work, name=f"score {scorer.name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """The number of images that wait."""
        return len(self._items)

    @property
    def pace(self) -> float:
        """The seconds that an image took lately."""
        return self._pace

    @contextlib.contextmanager
    def decoding(self) -> Iterator[None]:
        """Tell, while an image is decoded, that one will soon be submitted."""
        with self._changed:
            self._decoding += 1
        try:
            yield
        finally:
            with self._changed:
                self._decoding -= 1

    def require_room(self, count: int = 1) -> None:
        """Check that images may be submitted, before any is decoded.

        Raises:
            OverloadedError: Too many wait, or the queue is closed.
        """
        with self._changed:
            if self._closed:
                raise OverloadedError("the service is stopping; send the images again in a moment", 1.0)
            if len(self._items) + count > self._most:
                raise OverloadedError(
                    f"{len(self._items):,} images are waiting, and {self._most:,} may; send the images again later",
                    max(1.0, self._pace * len(self._items)),
                )

    def submit(self, image: Decoded, *, seconds: float = 60.0) -> Future[Score]:
        """Ask for the score of an image.

        Args:
            image: The image.
            seconds: The time after which nobody waits for the answer.

        Returns:
            The answer, or the error: `TimeoutError` if its turn came too late, or `BundleError` if the network's
            output is NaN or infinite. One that is cancelled before its turn is not computed.

        Raises:
            OverloadedError: Too many images wait, or the queue is closed.
        """
        self.require_room()
        answer: Future[Score] = Future()
        with self._changed:
            self._items.append(_Item(image, answer, time.monotonic() + seconds))
            self._changed.notify()
        return answer

    def close(self, seconds: float = 10.0) -> bool:
        """Take no more images, and score those that wait.

        Args:
            seconds: The most time to wait for that.

        Returns:
            Whether all were scored; the others are answered with an error.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(seconds)
        with self._changed:
            left = list(self._items)
            self._items.clear()
        for item in left:
            if item.answer.set_running_or_notify_cancel():
                item.answer.set_exception(OverloadedError("the service has stopped", 1.0))
        return not self._thread.is_alive()

    def _work(self) -> None:
        while batch := self._take():
            began = time.monotonic()
            self._answer(batch)
            seconds = time.monotonic() - began
            self._pace += _LATEST * (seconds / len(batch) - self._pace)
            if self._observe is not None:
                self._observe(len(batch), seconds)

    def _take(self) -> list[_Item]:
        """Return the images whose turn it is, and that somebody waits for; none when the queue is closed and empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._closed)
                if not self._items:
                    return []
                self._changed.wait_for(self._complete, _LINGER)
                taken = [self._items.popleft() for _ in range(min(self._together, len(self._items)))]
            if wanted := [item for item in taken if _is_wanted(item)]:
                return wanted

    def _complete(self) -> bool:
        return len(self._items) >= self._together or not self._decoding

    def _answer(self, batch: list[_Item]) -> None:
        """Score images together, or one by one where one of them fails."""
        try:
            scores = self.scorer.score([item.image for item in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the clients, and the thread goes on
            if len(batch) == 1:
                batch[0].answer.set_exception(error if isinstance(error, ChestnutError) else RuntimeError(repr(error)))
                return
            for item in batch:
                self._answer([item])
            return
        for item, score in zip(batch, scores, strict=True):
            item.answer.set_result(score)


def _is_wanted(item: _Item) -> bool:
    """Tell whether somebody still waits for an answer; tell those who wait too long that it is too late."""
    if not item.answer.set_running_or_notify_cancel():
        return False
    if time.monotonic() > item.deadline:
        item.answer.set_exception(TimeoutError("the image's turn came too late"))
        return False
    return True
