"""The spool: it keeps what was acknowledged, knows what it had, and survives a kill at every change to the disk."""

import time

import pytest

from chestnut.errors import DiskError, OverloadedError
from chestnut.serve.dicom.spool import Limits, Spool, digest_of
from killing import Killed, kill_at_change

OWNER, OTHER = "a" * 32, "b" * 32
FILES = {"1-report.dcm": b"report", "2-picture.dcm": b"picture"}
TARGETS = ("PACS@h:104", "/out")


def digest(content):
    return digest_of(content, "1.2.840.10008.1.2.1")


def put(spool, content, owner=OWNER):
    return spool.put(content, owner, digest(content))


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool")


def deliver_all(spool, got=None, targets=TARGETS):
    """What a worker and the deliveries do; returns what each place got."""
    got = [] if got is None else got
    while held := spool.next(0):
        if spool.is_published(held):
            spool.drop(held)
        else:
            spool.publish(held, FILES, targets)
    for target in targets:
        for held, pending in spool.outgoing(target):
            got += [(target, held.digest, file.read_bytes()) for file in sorted(held.path.glob("*.dcm"))]
            spool.settle(held, pending, sent=True)
    return got


def test_objects_come_out_in_order_and_end_when_all_places_have_their_results(spool):
    assert [put(spool, b"one"), put(spool, b"two", OTHER)] == ["new", "new"]
    assert spool.next(0).path.read_bytes() == b"one"
    got = deliver_all(spool)
    assert len(got) == 8 and {one for one, *_ in got} == set(TARGETS)
    assert spool.next(0) is None and deliver_all(spool) == []
    assert [list((spool.folder / name).iterdir()) for name in ("incoming", "outgoing", "failed")] == [[], [], []]


def test_the_same_object_is_kept_once_and_another_content_of_its_uid_too(spool):
    assert [put(spool, one) for one in (b"one", b"one", b"two")] == ["new", "known", "changed"]
    assert len(list((spool.folder / "incoming").iterdir())) == 2
    deliver_all(spool)
    assert put(spool, b"one") == "known"
    assert put(Spool(spool.folder), b"two") == "known"


def test_another_transfer_syntax_is_another_content():
    assert digest_of(b"x", "1.2.840.10008.1.2") != digest_of(b"x", "1.2.840.10008.1.2.1")


@pytest.mark.parametrize(
    ("limits", "words"),
    [(Limits(objects=1), "1 objects wait"), (Limits(bytes=1_000_003), "full"), (Limits(free=2**62), "almost full")],
    ids=["objects", "bytes", "free"],
)
def test_a_full_spool_takes_nothing_more_until_there_is_room(tmp_path, limits, words):
    spool = Spool(tmp_path / "spool", limits)
    if limits.free < 2**60:
        put(spool, b"x" * 1_000_000)
    with pytest.raises(OverloadedError, match=words):
        put(spool, b"second", OTHER)
    assert len(list((tmp_path / "spool" / "incoming").iterdir())) == (limits.free < 2**60)
    deliver_all(spool)
    if limits.free < 2**60:
        assert put(spool, b"second", OTHER) == "new"


def test_what_fails_is_kept_with_its_reason_and_not_tried_again(spool):
    put(spool, b"damaged")
    spool.fail(spool.next(0), "why")
    (folder,) = (spool.folder / "failed").iterdir()
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        "source.dcm": b"damaged",
        "reason.txt": b"why",
    }
    assert (spool.failed, spool.next(0), put(spool, b"damaged")) == (1, None, "known")
    put(spool, b"refused", OTHER)
    spool.publish(spool.next(0), FILES, TARGETS)
    for target, sent in zip(TARGETS, (False, True), strict=True):
        ((held, pending),) = spool.outgoing(target)
        spool.settle(held, pending, sent=sent)
    assert (spool.failed, Spool(spool.folder).failed) == (2, 2)


def test_objects_are_forgotten_after_some_days(spool):
    put(spool, b"one")
    deliver_all(spool)
    spool.forget(1)
    assert put(spool, b"one") == "known"
    spool.forget(-1)
    assert put(spool, b"one") == "new"


def test_only_its_owner_reads_it(spool):
    put(spool, b"one")
    assert [path.stat().st_mode & 0o077 for path in (spool.folder, *spool.folder.rglob("*"))] == [0] * 6


def test_a_disk_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="file stands where a folder"):
        Spool(tmp_path / "file" / "spool")


@pytest.mark.slow
def test_a_kill_at_any_change_loses_nothing_that_was_acknowledged(tmp_path, monkeypatch):
    """From the received object to the last delivery, whichever change to the disk is the first not made."""
    for number in range(40):
        place, got, acknowledged = tmp_path / str(number), [], False
        spool = Spool(place)
        try:
            with kill_at_change(number, monkeypatch):
                put(spool, b"one")
                acknowledged = True
                deliver_all(spool, got)
        except Killed:
            pass
        else:
            break
        after = Spool(place)
        deliver_all(after, got)
        if acknowledged:
            assert {(target, file) for target, _, file in got} == {
                (one, file) for one in TARGETS for file in FILES.values()
            }
            assert [list((place / name).glob("[0-9]*")) for name in ("incoming", "outgoing", "failed")] == [[], [], []]
            assert put(after, b"one") == "known"
    assert 8 < number < 39


def test_waiting_ends_when_an_object_comes(spool):
    put(spool, b"one")
    began = time.monotonic()
    assert spool.next(5) is not None and time.monotonic() - began < 1


def test_what_failed_can_be_tried_again_by_hand_as_the_guide_says(spool):
    put(spool, b"one")
    spool.publish(spool.next(0), FILES, TARGETS[:1])
    ((held, pending),) = spool.outgoing(TARGETS[0])
    spool.settle(held, pending, sent=False)
    (folder,) = (spool.folder / "failed").iterdir()
    moved = folder.rename(spool.folder / "outgoing" / folder.name)
    (moved / "000.failed").rename(moved / "000.pending")
    assert len(deliver_all(Spool(spool.folder), targets=TARGETS[:1])) == 2

    put(spool, b"damaged", OTHER)
    spool.fail(spool.next(0), "why")
    (folder,) = (spool.folder / "failed").iterdir()
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert put(Spool(spool.folder), b"damaged", OTHER) == "new"
