import csv

import numpy as np
import pandas as pd
import pytest

from chestnut.data.manifest import Manifest
from chestnut.data.sources.load import load_dataset
from chestnut.files.csv_files import csv_text
from chestnut.mistakes.labels.quality import LabelQuality
from chestnut.mistakes.labels.review_table import make_review_table
from chestnut.runs.predictions import PredictionTable


@pytest.fixture
def data(tmp_path):
    """Return four images of four patients, two of each class; reading a data set opens no image."""
    for name in ("NORMAL/a.png", "NORMAL/b.png", "PNEUMONIA/a.png", "PNEUMONIA/d.png"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "data"


def review(manifest, rows, order):
    """Return the table where the network says PNEUMONIA of all images in `rows`, which are judged."""
    frame = manifest.frame.iloc[rows][["path", "label", "patient"]].reset_index(drop=True)
    table = PredictionTable.build(frame, np.tile([0.2, 0.8], (len(rows), 1)), manifest.classes, 0.5)
    targets = table.targets
    own = table.probabilities[np.arange(len(rows)), targets]
    quality = LabelQuality(own, own, 1 - targets, targets == 0, np.array(order))
    return make_review_table(manifest, table, quality)


def save(frame, path):
    path.write_text(csv_text(frame), encoding="utf-8")
    return path


def relabel(path, name, label):
    """Write another label into the row of an image, as a reviewer would."""
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    for row in rows:
        if row["path"].endswith(name):
            row["label"] = label
    save(pd.DataFrame(rows), path)


def facts(manifest):
    return {row["path"].rpartition("data/")[2]: row for row in manifest.frame.to_dict("records")}


def test_suspects_come_first_and_every_image_is_listed(data):
    manifest = load_dataset(data)
    frame = review(manifest, [0, 1, 3], [1, 0, 2])
    assert [path.rpartition("data/")[2] for path in frame["path"]] == [
        *("NORMAL/b.png", "NORMAL/a.png", "PNEUMONIA/d.png", "PNEUMONIA/a.png"),
    ]
    assert frame["label_suspect"].tolist() == ["yes", "yes", "no", ""]
    assert frame["suggested_label"].tolist() == ["PNEUMONIA", "PNEUMONIA", "NORMAL", ""]
    assert frame["label"].tolist() == frame["given_label"].tolist() == ["NORMAL", "NORMAL", "PNEUMONIA", "PNEUMONIA"]
    assert frame["label_probability"].tolist() == ["0.2", "0.2", "0.8", ""]


@pytest.mark.parametrize("form", ["labels", "data"])
def test_a_corrected_label_is_read_and_all_else_stays(data, tmp_path, form):
    """Two images share the file name a.png, so that only whole paths tell them apart."""
    manifest = load_dataset(data)
    split = manifest.with_column("split", ["train", "val", "train", "test"])
    split = Manifest.build(split.frame.assign(age=["1", "2", "3", "4"]), split.root)
    path = save(review(split, [0, 1], [1, 0]), tmp_path / "suspects.csv")
    relabel(path, "NORMAL/a.png", "PNEUMONIA")
    again = load_dataset(data, labels=path) if form == "labels" else load_dataset(path)
    before, after = facts(split), facts(again)
    assert after["NORMAL/a.png"]["label"] == "PNEUMONIA"
    before["NORMAL/a.png"]["label"] = "PNEUMONIA"
    assert after == before
    assert again.attributes == ("age",)


def test_a_removed_row_leaves_its_image_out(data, tmp_path):
    manifest = load_dataset(data)
    path = save(review(manifest, [0, 1], [1, 0]).iloc[1:], tmp_path / "suspects.csv")
    assert set(facts(load_dataset(data, labels=path, skip_bad=True))) == {
        *("NORMAL/a.png", "PNEUMONIA/a.png", "PNEUMONIA/d.png"),
    }
