"""`Worker`: scores the objects in the spool, one after another, and keeps their results for the places they go to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from chestnut.errors import DiskError, OverloadedError, StoreError
from chestnut.files.disk_errors import disk_errors
from chestnut.serve.dicom.results.make import make_results
from chestnut.serve.dicom.spool import Held, Spool
from chestnut.serve.scoring.queue import ScoreQueue
from chestnut.serve.scoring.score import Score
from chestnut.serve.scoring.upload import Upload, decode_upload
from chestnut.serve.store.entry import Entry, Origin, Subject
from chestnut.serve.store.store import Store

_LOG = logging.getLogger(__name__)

#: Seconds to wait for an object before looking whether to stop.
_LOOK: Final = 0.2

#: Seconds until the first repetition of what the database or the disk prevented, and the longest wait.
_FIRST, _LONGEST = 1.0, 60.0

#: What passes: the database is away, a disk is full. Anything else the image is to blame for.
_PASSING: Final = (StoreError, DiskError, OverloadedError, TimeoutError)


class Worker:
    """Scores the objects in a spool, in a thread.

    Args:
        spool: The spool.
        queue: Scores images, also those of other clients.
        store: The audit table.
        targets: The names of the places for results.
        subject: Turns a file into keyed hashes of whom it shows.
    """

    def __init__(
        self,
        spool: Spool,
        queue: ScoreQueue,
        store: Store,
        targets: Sequence[str],
        subject: Callable[[bytes], Subject],
    ) -> None:
        self._spool, self._queue, self._store = spool, queue, store
        self._targets, self._subject = targets, subject
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="score spool", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float = 20.0) -> None:
        """End after the object that is being scored; the others stay in the spool."""
        self._stopped.set()
        self._thread.join(seconds)

    def _work(self) -> None:
        wait = 0.0
        while not self._stopped.wait(wait):
            try:
                with disk_errors(self._spool.folder):
                    held = self._spool.next(_LOOK)
                if held is not None:
                    self._process(held)
                wait = 0.0
            except _PASSING as error:
                wait = min(_LONGEST, 2 * wait or _FIRST)
                _LOG.error("objects wait: %s; next try in %.0f s", error, wait)

    def _process(self, held: Held) -> None:
        if self._spool.is_published(held):
            self._spool.drop(held)
            return
        began = time.monotonic()
        with disk_errors(held.path):
            content = held.path.read_bytes()
        try:
            score = self._score(content)
            results = make_results(content, self._queue.scorer, score, held.digest)
        except _PASSING:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this image, and the others go on
            self._spool.fail(held, f"{type(error).__name__}: {error}\n")
            _LOG.error("an object cannot be scored; it and the reason are in %s", self._spool.folder / "failed")
            return
        milliseconds = 1000 * (time.monotonic() - began)
        self._record(held, content, score, milliseconds)
        self._spool.publish(held, {"1-report.dcm": results.report, "2-picture.dcm": results.picture}, self._targets)
        _LOG.info("scored an object in %.0f ms: %s", milliseconds, score.decision)

    def _score(self, content: bytes) -> Score:
        with self._queue.decoding():
            decoded = decode_upload(Upload("object", content), self._queue.scorer.bundle.spec)
        return self._queue.submit(decoded).result()

    def _record(self, held: Held, content: bytes, score: Score, milliseconds: float) -> None:
        scorer = self._queue.scorer
        entry = Entry(score, scorer.name, scorer.bundle.positive, milliseconds, self._subject(content))
        self._store.add([entry], Origin("dicom", _sender(held)))


def _sender(held: Held) -> str:
    """Return the title of the application that sent an object."""
    from pydicom.filereader import read_file_meta_info

    return str(read_file_meta_info(held.path).get("SourceApplicationEntityTitle") or "unknown")
