"""Deliveries: again and again while a place is out of reach, aside what it refuses, and nothing else kept waiting."""

from contextlib import contextmanager

import pytest

from chestnut.errors import DeliveryError, ListenError, UnreachableError, UnwantedError
from chestnut.serve.dicom import delivery
from chestnut.serve.dicom.delivery import Delivery
from chestnut.serve.dicom.peers import Caller, Peer, require_title
from chestnut.serve.dicom.spool import Spool, digest_of
from chestnut.serve.dicom.targets import Folder
from dicom_objects import encoded, radiograph
from processes import wait_until


class Place:
    """A place that is out of reach some times, and refuses files with some content."""

    def __init__(self, away=0, refused=(), unwanted=()):
        self.away, self.refused, self.unwanted, self.got, self.tries = away, refused, unwanted, [], 0

    @contextmanager
    def opened(self):
        self.tries += 1
        if self.tries <= self.away:
            raise UnreachableError("cannot be reached")
        yield self

    def deliver(self, file):
        if file.read_bytes() in self.unwanted:
            raise UnwantedError("it takes no objects of this class")
        if file.read_bytes() in self.refused:
            raise DeliveryError("it refuses a result")
        self.got.append(file.read_bytes())

    def __str__(self):
        return "PACS@h:1"


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool")
    for number, content in enumerate((b"one", b"two")):
        spool.put(content, str(number) * 32, digest_of(content, "x"))
        spool.publish(spool.next(0), {"1.dcm": content}, ["PACS@h:1"])
    return spool


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr(delivery, "_LOOK", 0.01)


def run(spool, place, until, **options):
    running = Delivery(spool, place, first=0.01, **options)
    running.start()
    try:
        wait_until(until)
    finally:
        running.stop()


def test_a_place_that_is_out_of_reach_is_tried_until_it_answers(spool):
    place = Place(away=4)
    run(spool, place, lambda: len(place.got) == 2)
    assert (place.got, place.tries, spool.failed) == ([b"one", b"two"], 5, 0)


def test_a_damaged_file_in_the_spool_is_put_aside_and_ends_no_delivery(tmp_path, spool, caplog):
    folder = Folder(tmp_path / "results")
    first, second = (held for held, _ in spool.outgoing("PACS@h:1"))
    for held in (first, second):
        (held.path / "000.pending").write_text(str(folder))
    (second.path / "1.dcm").write_bytes(encoded(radiograph()))
    run(spool, folder, lambda: spool.failed == 1, attempts=2)
    assert "a result in the spool is damaged (ValueError)" in caplog.text
    assert len(list((tmp_path / "results").glob("1.2*.dcm"))) == 1


def test_what_is_refused_again_and_again_is_put_aside_and_keeps_nothing_waiting(spool):
    place = Place(refused=[b"one"])
    run(spool, place, lambda: spool.failed == 1, attempts=3)
    assert place.got == [b"two"]
    assert [file.read_bytes() for file in spool.folder.glob("failed/*/1.dcm")] == [b"one"]


def test_what_is_taken_is_sent_once_where_another_file_is_refused(tmp_path):
    spool = Spool(tmp_path / "spool")
    spool.put(b"one", "0" * 32, digest_of(b"one", "x"))
    spool.publish(spool.next(0), {"1.dcm": b"report", "2.dcm": b"picture"}, ["PACS@h:1"])
    place = Place(refused=[b"report"])
    run(spool, place, lambda: spool.failed == 1, attempts=3)
    assert place.got == [b"picture"]


def test_a_place_that_takes_no_reports_has_the_pictures_and_one_that_takes_nothing_is_told_of(tmp_path, spool, caplog):
    (held, _), _ = spool.outgoing("PACS@h:1")
    (held.path / "2.dcm").write_bytes(b"picture")
    place = Place(unwanted=[b"one", b"two"])
    run(spool, place, lambda: spool.failed == 1, attempts=2)
    assert place.got == [b"picture"] and spool.outgoing("PACS@h:1") == []
    assert "it has the other results alone" in caplog.text


@pytest.mark.parametrize("text", ["PACS", "PACS@host", "PACS@host:0", "PACS@host:70000", "@host:1", "A@:1", "a\\b@h:1"])
def test_a_place_of_another_form_is_one_line(text):
    with pytest.raises(ListenError, match=r"AE@HOST:PORT|16 ASCII"):
        Peer.parse(text)


@pytest.mark.parametrize("text", ["", "x" * 17, "a\\b", "Ä", " A", "A\n", "A@"])
def test_a_title_that_dicom_does_not_allow_is_one_line(text):
    with pytest.raises(ListenError):
        Caller.parse(text)
    if "@" not in text:
        with pytest.raises(ListenError, match="ae_title="):
            require_title(text, "ae_title")


def test_a_caller_is_known_by_its_title_and_where_named_by_its_address():
    assert Caller.parse("CR 1").is_at("CR 1 ", "10.0.0.1")
    assert not Caller.parse("CR1@10.0.0.2").is_at("CR1", "10.0.0.1")


def test_a_folder_that_cannot_be_written_is_tried_again_and_nothing_is_given_up(tmp_path, spool, caplog):
    (tmp_path / "file").touch()
    folder = Folder(tmp_path / "file" / "results")
    for held, _ in spool.outgoing("PACS@h:1"):
        (held.path / "000.pending").write_text(str(folder))
        (held.path / "1.dcm").write_bytes(encoded(radiograph()))
    run(spool, folder, lambda: len(caplog.records) > 2)
    assert "a file stands where a folder would have to" in caplog.text
    assert (spool.failed, len(spool.outgoing(str(folder)))) == (0, 2)
