"""`Service`: the networks, the audit table and the limits of a web service."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

from chestnut.errors import EngineError, OverloadedError, suggest
from chestnut.processors import core_count
from chestnut.serve.http.errors import RequestError
from chestnut.serve.http.metrics import Metrics
from chestnut.serve.http.settings import Limits
from chestnut.serve.http.tokens import Tokens
from chestnut.serve.scoring.decode_pool import DecodePool
from chestnut.serve.scoring.queue import ScoreQueue
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.kept_images import KeptImages
from chestnut.serve.store.pseudonyms import Pseudonyms
from chestnut.serve.store.store import Store

#: The seconds that what is left has when a service is closed, after its requests have ended.
LAST_SECONDS = 2.0

#: The requests for rows and verdicts that use the audit table at a time, each in a thread; new predictions need none.
_CLERKS = 8


class Service:
    """The networks, the audit table and the limits of a web service.

    Args:
        scorers: The networks, one or more, each with a name of its own; the first answers where none is named.
        store: The audit table.
        pseudonyms: What turns the identities in DICOM headers into keyed hashes; None to record none.
        images: Where images are kept; None to keep none.
        tokens: Who may ask; None for everybody on this computer.
        limits: What a client may send.

    Attributes:
        stopping: Whether nothing more is taken.
        maps: The number of maps that are being made or wait for their turn.

    Raises:
        EngineError: Two networks have the same name.
    """

    def __init__(
        self,
        scorers: Sequence[Scorer],
        store: Store,
        *,
        pseudonyms: Pseudonyms | None = None,
        images: KeptImages | None = None,
        tokens: Tokens | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.store, self.pseudonyms, self.images = store, pseudonyms, images
        self.tokens, self.limits = tokens, limits or Limits()
        self.metrics = Metrics()
        self.queues: dict[str, ScoreQueue] = {}
        for scorer in scorers:
            if scorer.name in self.queues:
                raise EngineError(f"two networks are named {scorer.name}; rename the folder of one")
            self.queues[scorer.name] = ScoreQueue(scorer, waiting=self.limits.waiting, observe=self.metrics.count_batch)
        self.decoders = DecodePool(core_count())
        self.clerks = DecodePool(_CLERKS, "store")
        self.explainers = DecodePool(1, "explain")
        self.stopping = False
        self.maps = 0
        self._busy = 0
        self.metrics.watch(self.queues.values(), lambda: self._busy)

    def queue(self, name: str | None) -> ScoreQueue:
        """Return the queue of a network; that of the first if no name is given.

        Raises:
            RequestError: There is no network of that name.
        """
        if name is None:
            return next(iter(self.queues.values()))
        if name not in self.queues:
            raise RequestError(404, f"there is no model {name[:100]!r}; {suggest(name, self.queues)}")
        return self.queues[name]

    @contextlib.contextmanager
    def admit(self, images: int) -> Iterator[None]:
        """Count images among those that are being decoded or wait, for the time of a block.

        Raises:
            OverloadedError: There are too many, or the service is stopping.
        """
        self.require_room(images)
        self._busy += images
        try:
            yield
        finally:
            self._busy -= images

    def require_room(self, images: int = 1) -> None:
        """Check that images may be sent.

        Raises:
            OverloadedError: There are too many, or the service is stopping.
        """
        if self.stopping:
            raise OverloadedError("the service is stopping; send the images again in a moment", 1.0)
        if self._busy and self._busy + images > self.limits.waiting:
            pace = max(queue.pace for queue in self.queues.values())
            raise OverloadedError(
                f"{self._busy:,} images are waiting, and {self.limits.waiting:,} may; send the images again later",
                max(1.0, pace * self._busy),
            )

    def close(self, seconds: float = LAST_SECONDS) -> bool:
        """Score what waits, and take nothing more.

        Args:
            seconds: The most time to wait for that. Running requests have had theirs when a service is closed.

        Returns:
            Whether all that waited was scored in time.
        """
        self.stopping = True
        until = time.monotonic() + seconds
        done = [queue.close(max(0.0, until - time.monotonic())) for queue in self.queues.values()]
        for pool in (self.decoders, self.explainers):
            pool.shutdown(wait=False, cancel_futures=True)
        self.clerks.shutdown(wait=False)
        return all(done)
