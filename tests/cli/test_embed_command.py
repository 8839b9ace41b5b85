"""`chestnut embed`: a folder with dots that can be looked at, or one line and no folder."""

import json
import shutil

import pandas as pd
import pytest

from chestnut.api.run import open_run


def test_the_folder_has_a_dot_for_each_validation_image(chestnut, workspace):
    status, said, _ = chestnut("embed", workspace.run, "--out", "dots", "--colour", "class", "--json", "-")
    assert status == 0
    told = json.loads(said)
    table = pd.read_csv(chestnut.folder / "dots" / "embedding.csv", dtype=str)
    manifest = open_run(workspace.run).folder.manifest.only("val")
    assert table["path"].tolist() == manifest.paths and table["label"].tolist() == manifest.frame["label"].tolist()
    assert told["images"] == len(table) and told["colours"]["class"] == ["NORMAL", "PNEUMONIA"]
    kept = json.loads((chestnut.folder / "dots" / "embedding.json").read_text())
    assert {key: kept[key] for key in kept.keys() & told.keys()} == {
        key: value for key, value in told.items() if key not in ("run", "out")
    }
    predicted = open_run(workspace.run).predict(table["path"].tolist(), quiet=True)
    assert table["decision"].tolist() == list(predicted.decisions)
    assert table["probability"].astype(float).tolist() == pytest.approx(predicted.probabilities.max(axis=1), abs=1e-6)
    sizes = {item.name for item in (chestnut.folder / "dots").iterdir() if item.stat().st_size}
    assert sizes == {"embedding.csv", "embedding.json", "embedding.png", "embedding.html", "pictures.jpg"}


@pytest.mark.slow
def test_a_second_call_replaces_the_first_and_gives_the_same_dots(chestnut, workspace, tmp_path):
    run = shutil.copytree(workspace.run, tmp_path / "copy")
    texts = []
    for colour in ("sex", "format"):
        status, said, _ = chestnut("embed", run, "--colour", colour)
        assert status == 0 and "5 nearest of other patients" in said and "sex" in said
        texts.append(pd.read_csv(run / "embedding" / "val" / "embedding.csv")[["path", "x", "y"]])
    pd.testing.assert_frame_equal(*texts)
    page = (run / "embedding" / "val" / "embedding.html").read_text()
    assert "group: format" in (run / "embedding" / "val" / "embedding.csv").read_text()
    assert "phantom-00" not in page and "image 1" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--colour", "scanner"), "--colour scanner: the images have no such column; there are sex, age"),
        (("--method", "tsne"), "--method tsne: known: pca, umap"),
        (("--split", "vall"), "no images in split 'vall'; did you mean val?"),
        (("--seed", "-1"), "--seed -1: give 0 or more"),
    ],
)
def test_what_cannot_be_drawn_is_refused(chestnut, workspace, words, message):
    status, _, said = chestnut("embed", workspace.run, "--out", "dots", *words)
    assert status == 2 and message in said
    assert not list(chestnut.folder.iterdir())


@pytest.mark.slow
def test_a_look_at_the_test_split_enters_the_ledger(chestnut, workspace, tmp_path):
    run = shutil.copytree(workspace.run, tmp_path / "copy")
    before = len(open_run(run).folder.own_looks)
    assert chestnut("embed", run, "--split", "test")[0] == 0
    looks = open_run(run).folder.own_looks
    assert len(looks) == before + 1 and "embed" in looks[-1].command
