"""Tests of preparing a data set for training: positive class, division, decoding, checks."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from chestnut.config import InputSpec
from chestnut.data.decoding import frame
from chestnut.data.manifest import Manifest
from chestnut.data.prepare import prepare
from chestnut.data.split import require_trainable, split
from chestnut.errors import DataError, ImageError

SMALL, LARGE = InputSpec(height=16, width=16), InputSpec(height=24, width=24)


def divide(images):
    return split(images, (0.6, 0.2, 0.2), 3)


@pytest.fixture
def data(tmp_path):
    """Return a manifest of forty patients with one image each, half of them PNEUMONIA."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(40):
        path = tmp_path / f"{number:02}.png"
        Image.fromarray(random.integers(0, 255, (32, 32), dtype=np.uint8)).save(path)
        rows.append((str(path), "PNEUMONIA" if number % 2 else "NORMAL", f"p{number}", ""))
    return Manifest.build(pd.DataFrame(rows, columns=["path", "label", "patient", "split"]), tmp_path)


def test_the_images_are_divided_decoded_and_digested(data):
    prepared = prepare(data, [SMALL, LARGE], divide, positive="NORMAL")
    assert prepared.manifest.positive == "NORMAL"
    assert list(prepared.manifest.frame["split"]) == list(divide(data).frame["split"])
    assert prepared.pixels[np.array([0])].shape[1:3] == (24, 24)
    assert prepared.manifest.frame["sha256"].str.len().eq(64).all()
    assert prepared.bad == ()


def test_the_digest_does_not_depend_on_order_and_changes_with_the_split_and_the_pixels(data):
    shuffled = data.take(np.random.default_rng(1).permutation(len(data)))
    digest = prepare(data, [SMALL], divide).digest
    assert prepare(shuffled, [SMALL], divide).digest == digest
    assert prepare(data, [SMALL], lambda images: split(images, (0.6, 0.2, 0.2), 4)).digest != digest
    Image.new("L", (32, 32), 7).save(data.paths[0])
    assert prepare(data, [SMALL], divide).digest != digest


def test_notes_of_the_division_are_logged_and_kept(data, caplog):
    with caplog.at_level("INFO", logger="chestnut"):
        prepared = prepare(data, [SMALL], divide)
    assert [record.getMessage() for record in caplog.records if "split by patient" in record.getMessage()]
    assert any("split by patient" in note for note in prepared.manifest.notes)


def test_unreadable_images_are_refused_or_left_out_with_a_note(data):
    bad = data.paths[5]
    with open(bad, "w") as file:
        file.write("not an image")
    with pytest.raises((ImageError, DataError), match=r"05\.png"):
        prepare(data, [SMALL], divide)
    prepared = prepare(data, [SMALL, LARGE], divide, skip_bad=True)
    assert len(prepared.manifest) == 39
    assert [fault.path for fault in prepared.bad] == [bad]
    assert any("05.png" in note for note in prepared.with_notes_on_bad().notes)


def test_data_from_which_nothing_can_be_learnt_are_refused(data):
    only = data.take(np.flatnonzero(data.frame["label"] == "NORMAL"))
    with pytest.raises(DataError, match=r"no train images of PNEUMONIA|one class"):
        prepare(only, [SMALL], divide, check=require_trainable)


def test_inputs_must_be_given(data):
    with pytest.raises(ValueError, match="inputs is empty"):
        prepare(data, [], divide)


def test_images_without_a_label_or_with_a_strange_one_are_never_trained_on(data):
    with pytest.raises(DataError, match=r"1 images have no label, the first .*07.png; label them or leave them out"):
        prepare(data.with_column("label", np.where(np.arange(40) == 7, "", data.frame["label"])), [SMALL], divide)
    with pytest.raises(DataError, match="labels that are none of its classes 'NORMAL', 'PNEUMONIA': 'COVID'"):
        prepare(data.with_column("label", np.where(np.arange(40) == 7, "COVID", data.frame["label"])), [SMALL], divide)


@pytest.mark.parametrize(("lost", "level"), [(2, "INFO"), (3, "WARNING")])
def test_images_without_lungs_are_counted_in_a_note(data, tmp_path, monkeypatch, caplog, lost, level):
    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path / "cache"))
    caplog.set_level("INFO")
    greys = sorted(np.asarray(Image.open(path)).mean() for path in data.paths)
    monkeypatch.setattr(
        frame,
        "find_lungs",
        lambda grey: SimpleNamespace(shares=(0.2, 0.2, 0.8, 0.8), hull=None, found=bool(grey.mean() >= greys[lost])),
    )
    prepared = prepare(data, [SMALL, SMALL.model_copy(update={"frame": "lungs"})], divide)
    assert prepared.lungs_found.sum() == 40 - lost
    said = [record for record in caplog.records if "lungs" in record.message]
    assert [record.levelname for record in said] == [level]
    note = rf"lungs not found in {lost} of 40 images \(\d\d.png, .*\); the whole image was used"
    assert re.fullmatch(note + ("; that is unusual: .* --lungs" if level == "WARNING" else ""), said[0].message)
    assert prepare(data, [SMALL], divide).lost_lungs is None
