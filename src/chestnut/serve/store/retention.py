"""`Retention`: deletes predictions, verdicts and kept images when they are too old."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from chestnut.errors import ChestnutError, StoreError
from chestnut.limits import require_between
from chestnut.serve.store.kept_images import KeptImages
from chestnut.serve.store.store import Store

_LOG = logging.getLogger(__name__)

#: Seconds between two purges, seconds to wait for one at the end, and the most days that may be asked for.
_EVERY, _PATIENCE, MOST_DAYS = 3600.0, 5.0, 36_500


class Purged(NamedTuple):
    """What was deleted.

    Attributes:
        predictions: The number of predictions.
        images: The number of kept images.
    """

    predictions: int
    images: int


class Retention:
    """Deletes what is older than some days: when it starts, and every hour.

    Args:
        store: The audit table.
        keep_days: After how many days predictions, with their verdicts and images, are deleted: 1 to 36,500.
        images: The kept images, if there are any.

    Raises:
        StoreError: The number of days is out of the range.
    """

    def __init__(self, store: Store, keep_days: int, images: KeptImages | None = None) -> None:
        require_between(1, MOST_DAYS, " days", error=StoreError, keep_days=keep_days)
        self._store, self._age, self._images = store, timedelta(days=keep_days), images
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="retention", daemon=True)

    def start(self) -> None:
        """Purge in a thread, now and every hour; faults go into the log."""
        self._thread.start()

    def purge(self) -> Purged:
        """Delete what is too old, and return how much it was.

        Raises:
            StoreError: The database cannot be written.
            DiskError: A kept image cannot be deleted.
        """
        before = datetime.now(UTC) - self._age
        predictions = self._store.purge(before)
        images = 0 if self._images is None else self._images.purge(before, self._store.find_kept)
        return Purged(predictions, images)

    def stop(self) -> None:
        """End the thread; a purge that takes long is given up."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)

    def _work(self) -> None:
        while True:
            try:
                purged = self.purge()
            except ChestnutError as error:
                _LOG.warning("old predictions could not be deleted: %s", error)
            else:
                if any(purged):
                    _LOG.info("deleted %s old predictions and %s images", *purged)
            if self._stopped.wait(_EVERY):
                return
