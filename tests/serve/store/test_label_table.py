"""Verdicts as labels: one for each kept image, in a table that `chestnut train` takes."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audit_entries import ORIGIN, entry
from chestnut import load_dataset
from chestnut.serve.store.entry import Subject
from chestnut.serve.store.kept_images import KeptImages
from chestnut.serve.store.label_table import COLUMNS, make_labels
from chestnut.serve.store.store import Store
from chestnut.serve.store.verdict import Verdict
from tiny import TINY


@pytest.fixture
def store(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    yield store
    store.close()


def labels(store):
    return {row[0]: row[1] for row in make_labels(store.judged()).rows}


def judged(store, kept, *verdicts, chance=0.25, **changes):
    (added,) = store.add([entry(chance=chance, kept=kept, **changes)], ORIGIN)
    for verdict in verdicts:
        store.add_verdict(added, verdict)
    return added


def test_a_label_is_what_the_latest_verdict_says(store):
    judged(store, "agreed", Verdict("agree"))
    judged(store, "agreed that it is ill", Verdict("agree"), chance=0.9)
    judged(store, "the other of two", Verdict("disagree"))
    judged(store, "named", Verdict("disagree", "PNEUMONIA"))
    judged(store, "changed", Verdict("agree"), Verdict("disagree", "PNEUMONIA"))
    judged(store, "not judged")
    assert labels(store) == {
        "agreed": "NORMAL",
        "agreed that it is ill": "PNEUMONIA",
        "the other of two": "PNEUMONIA",
        "named": "PNEUMONIA",
        "changed": "PNEUMONIA",
    }


def test_what_gives_no_label_is_counted(store):
    judged(store, "unsure", Verdict("agree"), Verdict("unsure"))
    judged(store, None, Verdict("agree"))
    three = entry(kept="three classes")
    three.score.probabilities["COVID-19"] = 0.0
    (added,) = store.add([three], ORIGIN)
    store.add_verdict(added, Verdict("disagree"))
    table = make_labels(store.judged())
    assert table.rows == ()
    assert table.left_out == {"unsure": 1, "not kept": 1, "unlabelled": 1}


def test_an_image_has_the_label_of_its_latest_verdict_whichever_prediction_that_was_of(store):
    first = judged(store, "same", Verdict("agree"))
    judged(store, "same", Verdict("disagree", "PNEUMONIA"))
    assert labels(store) == {"same": "PNEUMONIA"}
    store.add_verdict(first, Verdict("agree"))
    assert labels(store) == {"same": "NORMAL"}


def test_more_verdicts_than_are_read_at_a_time(store, monkeypatch):
    monkeypatch.setattr("chestnut.serve.store.store.MOST_ROWS", 3)
    for number in range(7):
        judged(store, f"image {number}", Verdict("agree"))
    assert [row.kept for row in store.judged()] == [f"image {number}" for number in range(6, -1, -1)]


def test_every_cell_survives_and_none_is_a_formula(store):
    note = 'left base, "hazy"\nsee =prior'
    judged(store, "one", Verdict("agree", note=note, reviewer="=HYPERLINK(1)"), subject=Subject(patient="p" * 64))
    (row,) = csv.DictReader(io.StringIO(make_labels(store.judged()).to_csv()))
    assert tuple(row) == COLUMNS
    assert (row["path"], row["label"], row["patient"]) == ("one", "NORMAL", "p" * 64)
    assert (row["note"], row["reviewer"], row["verdict"]) == (note, "'=HYPERLINK(1)", "agree")


@pytest.fixture
def table(store, chestnut):
    """Write images and the verdicts on them; two thirds of the verdicts correct the network."""
    images, random = KeptImages(chestnut.folder / "kept"), np.random.default_rng(0)
    for number in range(24):
        ill = number % 2
        file = io.BytesIO()
        Image.fromarray((random.integers(0, 100, (32, 32)) + 100 * ill).astype(np.uint8)).save(file, "PNG")
        subject = Subject(patient=f"{number // 4:064x}" if number < 12 else None)
        said = Verdict("disagree" if number % 3 else "agree", note="a, note", reviewer="Dr A")
        chance = 0.9 if bool(ill) == (said.verdict == "agree") else 0.1
        judged(store, images.keep(file.getvalue(), f"{number:064x}"), said, chance=chance, subject=subject)
    return make_labels(store.judged()).to_csv()


def test_a_data_set_is_made_of_verdicts(table, tmp_path):
    for place, data in (
        ("labels.csv", {"data": "kept", "labels": "labels.csv"}),
        ("kept/l.csv", {"data": "kept/l.csv"}),
    ):
        (tmp_path / place).write_text(table)
        frame = load_dataset(**{name: str(tmp_path / path) for name, path in data.items()}).frame
        assert len(frame) == 24
        ill = frame["path"].map(lambda path: int(Path(path).stem, 16) % 2 == 1)
        assert (ill == (frame["label"] == "PNEUMONIA")).all()
        assert frame["patient"].nunique() == 15


@pytest.mark.slow
def test_a_network_is_trained_on_verdicts(table, chestnut):
    (chestnut.folder / "labels.csv").write_text(table)
    status, _, said = chestnut("train", "kept", "--labels", "labels.csv", *TINY, "--epochs=1", "--no-audit")
    assert status == 0, said
