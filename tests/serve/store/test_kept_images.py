"""Kept images: for their owner alone, found again by what is recorded, and gone when they are too old."""

import io
import os
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from sqlalchemy import update

from audit_entries import ORIGIN, entry
from chestnut.config import InputSpec
from chestnut.errors import DiskError, StoreError, UnknownPredictionError
from chestnut.serve.scoring.upload import Upload, decode_upload
from chestnut.serve.store.kept_images import KeptImages
from chestnut.serve.store.retention import Purged, Retention
from chestnut.serve.store.row import Query
from chestnut.serve.store.store import Store
from chestnut.serve.store.tables import Prediction

SPEC = InputSpec(height=32, width=32)
NOW = datetime.now(UTC)


def picture(kind, grey=100):
    file = io.BytesIO()
    Image.fromarray(np.full((40, 50), grey, np.uint8)).save(file, kind)
    return file.getvalue()


def dicom():
    with open(get_testdata_file("MR_small.dcm", download=False), "rb") as file:
        return file.read()


@pytest.fixture
def images(tmp_path):
    return KeptImages(tmp_path / "kept")


@pytest.fixture
def store(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    yield store
    store.close()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP"])
def test_a_picture_is_kept_as_it_was_sent_for_its_owner_alone(images, kind):
    sent = picture(kind)
    digest = decode_upload(Upload("DOE^JANE", sent), SPEC).digest
    name = images.keep(sent, digest)
    assert name.startswith(f"{digest[:2]}/{digest}.")
    path = images.path(name)
    assert path.read_bytes() == sent
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == images.folder.stat().st_mode & 0o777 == 0o700
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_of_a_dicom_file_the_picture_alone_is_kept_and_a_network_sees_the_same(images):
    decoded = decode_upload(Upload("scan", dicom()), SPEC)
    kept = images.path(images.keep(dicom(), decoded.digest)).read_bytes()
    assert decode_upload(Upload("kept", kept), SPEC).digest == decoded.digest
    patient = str(pydicom.dcmread(io.BytesIO(dicom())).PatientName).encode()
    assert patient in dicom()
    assert patient not in kept


def test_a_dicom_file_is_kept_whole_if_that_is_asked_for(tmp_path):
    images = KeptImages(tmp_path, dicom=True)
    assert images.path(images.keep(dicom(), "a" * 64)).read_bytes() == dicom()


@pytest.mark.parametrize("name", ["../audit.sqlite", "aa/../../x.png", "", "/etc/passwd", "aa/" + "a" * 64 + ".exe"])
def test_no_name_leads_out_of_the_folder(images, name):
    with pytest.raises(UnknownPredictionError, match="no longer kept"):
        images.path(name)


def test_a_place_that_cannot_hold_images_is_told_in_a_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="a file stands where a folder would have to"):
        KeptImages(tmp_path / "file")


def record(store, images, grey, days):
    """Record a prediction whose image was kept some days ago."""
    sent = picture("PNG", grey)
    digest = decode_upload(Upload("x", sent), SPEC).digest
    name = images.keep(sent, digest)
    (added,) = store.add([entry(digest, kept=name)], ORIGIN)
    then = NOW - timedelta(days=days)
    with store._writing.begin() as connection:
        connection.execute(update(Prediction).where(Prediction.id == added).values(time=then))
    os.utime(images.folder / name, (then.timestamp(), then.timestamp()))
    return added, name


def test_what_is_too_old_is_deleted_and_what_is_not_stays(store, images):
    _, old_image = record(store, images, 10, days=31)
    new, new_image = record(store, images, 20, days=29)
    _, shared_image = record(store, images, 30, days=31)
    again, _ = record(store, images, 30, days=1)
    orphan = images.keep(picture("PNG", 40), "e" * 64)
    os.utime(images.folder / orphan, (0, 0))
    just_kept = images.keep(picture("PNG", 50), "f" * 64)
    assert Retention(store, 30, images).purge() == Purged(predictions=2, images=2)
    assert {row.id for row in store.find(Query())} == {new, again}
    for name in (old_image, orphan):
        with pytest.raises(UnknownPredictionError):
            images.path(name)
    for name in (new_image, shared_image, just_kept):
        assert images.path(name)


def test_an_image_that_is_sent_again_is_as_new_as_that(store, images):
    _, name = record(store, images, 10, days=31)
    assert images.keep(picture("PNG", 10), name[3:-4]) == name
    assert Retention(store, 30, images).purge() == Purged(predictions=1, images=0)
    assert images.path(name)


def test_an_image_that_an_old_file_time_hides_stays_as_long_as_a_prediction_needs_it(store, images):
    added, name = record(store, images, 10, days=1)
    os.utime(images.folder / name, (0, 0))
    assert Retention(store, 30, images).purge() == Purged(predictions=0, images=0)
    assert images.path(store.get(added).kept)


def wait_until_empty(store):
    for _ in range(500):
        if not store.find(Query()):
            return
        time.sleep(0.01)
    raise AssertionError


def test_purging_goes_on_in_a_thread_until_it_is_stopped(store, images, monkeypatch, caplog):
    monkeypatch.setattr("chestnut.serve.store.retention._EVERY", 0.01)
    record(store, images, 10, days=31)
    retention = Retention(store, 30, images)
    retention.start()
    wait_until_empty(store)
    with monkeypatch.context() as patched:
        patched.setattr(store, "purge", raise_away)
        while "old predictions could not be deleted: away" not in caplog.text:
            time.sleep(0.01)
    record(store, images, 20, days=31)
    wait_until_empty(store)
    retention.stop()
    assert not retention._thread.is_alive()


def raise_away(before):
    raise StoreError("away")


def test_a_purge_of_many_rows_takes_several_transactions(store, monkeypatch):
    monkeypatch.setattr("chestnut.serve.store.store._PURGED_TOGETHER", 3)
    store.add([entry() for _ in range(7)], ORIGIN)
    assert store.purge(datetime.now(UTC) + timedelta(seconds=1)) == 7


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_days_out_of_the_range_are_refused(store, days):
    with pytest.raises(StoreError, match=rf"keep_days={days}: give 1"):
        Retention(store, days)
