"""`chestnut predict --html` and `chestnut show RUN`: pages of pictures."""

import json

import pandas as pd
import pytest

import chestnut as cn
from chestnut.api.insight import pictures
from chestnut.errors import DataError


@pytest.fixture(autouse=True)
def no_maps(monkeypatch):
    """Begin no map: one takes half a second where Keras computes it."""
    monkeypatch.setattr(pictures, "SECONDS", 0.0)


def some(workspace, count):
    return pd.read_csv(workspace.run / "manifest.csv")["path"].head(count).tolist()


def test_predictions_become_a_page(workspace, chestnut):
    images = some(workspace, 3)
    (chestnut.folder / "bad.png").write_text("no image")
    status, said, _ = chestnut("predict", workspace.run, *images, "bad.png", "--html", "page.html", "--coverage", "0.8")
    assert status == 0
    assert "pictures in page.html" in said
    page = (chestnut.folder / "page.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 3
    assert "3 images, by one" in page
    assert "set of possible classes: " in page
    assert "3 of 3 pictures have no map" in page
    assert "image 4: is not an image" in page
    assert not any(name.rpartition("/")[2] in page for name in images)
    assert images[0] in (chestnut.folder / "identities.csv").read_text()


def test_names_and_the_table_are_printed_when_asked_for(workspace, chestnut, monkeypatch):
    monkeypatch.setattr(pictures, "PICTURES", 1)
    monkeypatch.setattr(pictures, "ROWS", 1)
    images = some(workspace, 3)
    words = ("predict", workspace.run, *images, "--html", "page.html", "--csv", "out.csv", "--identities")
    assert chestnut(*words)[0] == 0
    page = (chestnut.folder / "page.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 1
    assert all((name.rpartition("/")[2] in page) == (number < 2) for number, name in enumerate(images))
    assert "1 more image is not on this page." in page
    assert len(pd.read_csv(chestnut.folder / "out.csv")) == 3
    assert not (chestnut.folder / "identities.csv").exists()


def test_a_page_replaces_no_image_and_no_file_unasked(workspace, chestnut):
    (chestnut.folder / "page.html").write_text("mine")
    status, _, said = chestnut("predict", workspace.run, *some(workspace, 1), "--html", "page.html")
    assert (status, "page.html exists already" in said) == (2, True)
    assert (chestnut.folder / "page.html").read_text() == "mine"


def test_images_of_an_evaluation_become_a_page(workspace, chestnut):
    status, out, _ = chestnut("show", workspace.run, "--each", 2, "--json", "-")
    assert status == 0
    told = json.loads(out)
    assert (told["picture"], len(told["images"])) == ("one-val.html", 4)
    table = pd.read_csv(workspace.run / "evaluation" / "val" / "predictions.csv").set_index("path")
    labels = table.loc[told["images"], "label"].tolist()
    assert labels == ["NORMAL", "NORMAL", "PNEUMONIA", "PNEUMONIA"]
    right = (table.loc[told["images"], "decision"] == labels).sum()
    page = (chestnut.folder / "one-val.html").read_text()
    assert f"4 random images of the evaluation val: {right} decided correctly, {4 - right} not." in page
    assert "image" in page and not any(name.rpartition("/")[2] in page for name in told["images"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--split", "test"], "has no evaluation 'test'; to make it, run chestnut evaluate"),
        (["--out", "a.png"], "cannot draw into a.png; give a name that ends in .html"),
        (["--lungs"], "--lungs is for a data set, and not for a run"),
    ],
)
def test_what_a_run_cannot_show_is_refused(workspace, chestnut, words, told):
    status, _, said = chestnut("show", workspace.run, *words)
    assert status == 2
    assert told in said
    assert list(chestnut.folder.iterdir()) == []


def test_numbers_out_of_range_are_refused(workspace, tmp_path):
    with pytest.raises(DataError, match="each=21: give 1 to 20"):
        cn.open_run(workspace.run).show(tmp_path / "page.html", each=21)
    assert list(tmp_path.iterdir()) == []
