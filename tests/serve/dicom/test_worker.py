"""The worker: what the database or the disk prevents is done later, and what an image prevents is put aside."""

import time

import pytest

from chestnut.errors import DiskError, StoreError
from chestnut.serve.dicom import worker as worker_module
from chestnut.serve.dicom.results.make import Results
from chestnut.serve.dicom.spool import Spool, digest_of
from chestnut.serve.dicom.worker import Worker
from chestnut.serve.scoring.queue import ScoreQueue
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.entry import Subject
from dicom_objects import encoded, radiograph
from onnx_bundle import write_onnx_bundle
from processes import wait_until

pytestmark = pytest.mark.slow


class UnforeseenError(Exception):
    pass


class Table:
    """An audit table that cannot be reached some times."""

    def __init__(self, away=0):
        self.away, self.rows = away, []

    def add(self, entries, origin):
        if self.away:
            self.away -= 1
            raise StoreError("the database cannot be reached")
        self.rows += [(entry, origin) for entry in entries]


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Run a worker on some files until they have left `incoming`; gives the spool and the audit table."""
    monkeypatch.setattr(worker_module, "_FIRST", 0.01)
    monkeypatch.setattr(worker_module, "make_results", lambda content, *_: Results(b"report", content[-10:]))
    queue = ScoreQueue(Scorer.open(write_onnx_bundle(tmp_path / "run"), threads=1))
    spool = Spool(tmp_path / "spool")

    def run(*contents, away=0, title="CR1"):
        for number, content in enumerate(contents):
            spool.put(content, str(number) * 32, digest_of(content, "x"))
        table = Table(away)
        worker = Worker(spool, queue, table, ["/out"], lambda _: Subject("p", "s", "i"))
        worker.start()
        try:
            wait_until(lambda: not any((spool.folder / "incoming").iterdir()))
        finally:
            worker.stop()
        return spool, table

    yield run
    queue.close()


def test_objects_wait_for_the_database_and_none_is_passed_on_without_its_row(work):
    spool, table = work(encoded(radiograph()), encoded(radiograph(number=2)), away=3)
    assert [(entry.subject, origin) for entry, origin in table.rows] == 2 * [
        (Subject("p", "s", "i"), ("dicom", "unknown"))
    ]
    assert len(spool.outgoing("/out")) == 2 and spool.failed == 0


def test_a_full_disk_delays_results_and_loses_none(work, monkeypatch):
    publish, times = Spool.publish, []

    def publish_later(self, *words):
        times.append(time.monotonic())
        if len(times) < 3:
            raise DiskError("the disk is full")
        publish(self, *words)

    monkeypatch.setattr(Spool, "publish", publish_later)
    spool, _ = work(encoded(radiograph()))
    assert len(times) == 3 and len(spool.outgoing("/out")) == 1 and spool.failed == 0


def test_an_image_that_cannot_be_scored_is_put_aside_and_the_next_is_scored(work):
    spool, table = work(encoded(radiograph())[:-500], encoded(radiograph(number=2)))
    assert (spool.failed, len(table.rows), len(spool.outgoing("/out"))) == (1, 1, 1)
    (reason,) = spool.folder.glob("failed/*/reason.txt")
    assert "truncated" in reason.read_text()


def test_a_fault_in_making_results_concerns_that_image_alone(work, monkeypatch):
    def fail(content, *_):
        raise UnforeseenError("as a library raises that has errors of its own")

    monkeypatch.setattr(worker_module, "make_results", fail)
    spool, table = work(encoded(radiograph()))
    assert (spool.failed, table.rows) == (1, [])
