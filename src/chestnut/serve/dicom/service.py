"""`Service`: the listener, the worker and the deliveries around one spool."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chestnut.data.decoding.decode import quiet
from chestnut.files.locks import locked
from chestnut.serve.dicom.delivery import Delivery, Target
from chestnut.serve.dicom.extra import silence_libraries
from chestnut.serve.dicom.listener import Address, Listener
from chestnut.serve.dicom.network import faults_in_one_line
from chestnut.serve.dicom.spool import Limits, Spool
from chestnut.serve.dicom.worker import Worker
from chestnut.serve.scoring.queue import ScoreQueue
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.pseudonyms import Pseudonyms
from chestnut.serve.store.retention import Retention
from chestnut.serve.store.store import Store

_LOG = logging.getLogger(__name__)

#: Days for which an object that was done with is recognised, if nothing else is asked for.
KEEP_DAYS: Final = 30

#: Seconds between two looks for objects to forget, and for the work at hand to end.
_HOUR, _DRAIN = 3600.0, 20.0


@dataclass(frozen=True)
class Plan:
    """What a service needs.

    Attributes:
        scorer: The bundle.
        address: Where the listener is reached.
        targets: The places for results.
        spool: The folder that keeps what was acknowledged.
        store: The audit table.
        pseudonyms: Makes the keyed hashes of identities.
        keep_days: After how many days rows of the audit table are deleted; None to keep them.
        limits: What the spool may hold.
    """

    scorer: Scorer
    address: Address
    targets: Sequence[Target]
    spool: Path
    store: Store
    pseudonyms: Pseudonyms
    keep_days: int | None = None
    limits: Limits = field(default_factory=Limits)


class Service:
    """Listens, scores and delivers until it is stopped. Use it as a context.

    Args:
        plan: What it needs.

    Raises:
        RunError: Another process uses the spool.
        ListenError: The port is in use.
        DiskError: The spool cannot be used.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._stopped = threading.Event()
        self._open = ExitStack()

    @property
    def port(self) -> int:
        """The port of the listener."""
        return self._listener.port

    def __enter__(self) -> Service:
        """Start: first what takes objects out of the spool, then what puts them in."""
        plan = self._plan
        silence_libraries()
        with ExitStack() as opening:
            opening.enter_context(quiet())  # for good: warnings quote elements that identify patients
            opening.enter_context(faults_in_one_line())
            opening.enter_context(locked(plan.spool / ".lock", wait=0, busy=_busy(plan.spool)))
            spool = Spool(plan.spool, plan.limits)
            if count := spool.failed:
                _LOG.warning("%s objects that failed before are in %s", count, plan.spool / "failed")
            self._start_keeping(opening, spool)
            queue = ScoreQueue(plan.scorer)
            opening.callback(queue.close)
            self._listener = Listener(plan.address, spool, lambda uid: plan.pseudonyms.pseudonym("instance", uid))
            for target in plan.targets:
                delivery = Delivery(spool, target)
                delivery.start()
                opening.callback(delivery.stop, _DRAIN)
            names = [str(target) for target in plan.targets]
            worker = Worker(spool, queue, plan.store, names, plan.pseudonyms.read_subject)
            worker.start()
            opening.callback(worker.stop, _DRAIN)
            self._listener.start()
            opening.callback(self._listener.stop)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop taking objects, end the work at hand, and leave the rest in the spool for the next start."""
        self._stopped.set()
        self._open.close()

    def _start_keeping(self, opening: ExitStack, spool: Spool) -> None:
        """Delete rows that are too old, and forget objects, now and every hour."""
        days = self._plan.keep_days
        if days is not None:
            retention = Retention(self._plan.store, days)
            retention.start()
            opening.callback(retention.stop)

        def forget() -> None:
            spool.forget(days or KEEP_DAYS)
            while not self._stopped.wait(_HOUR):
                spool.forget(days or KEEP_DAYS)

        threading.Thread(target=forget, name="forget", daemon=True).start()


def _busy(spool: Path) -> str:
    return f"spool={spool}: another listener uses it; end that one, or name another folder"
