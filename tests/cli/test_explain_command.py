"""`chestnut explain`: a picture an image, with the answer that predict gives, or one line and no folder."""

import json

import numpy as np
import pytest
from PIL import Image

from chestnut.api import run as cn
from chestnut.explain.methods import METHODS
from chestnut.explain.panel import HEIGHT


@pytest.fixture(scope="module")
def files(workspace):
    return [str(path) for path in sorted((workspace.images / "PNEUMONIA").glob("*.jpeg"))[:2]]


def test_each_image_is_drawn_beside_itself_with_a_map(chestnut, workspace, files):
    status, said, _ = chestnut("explain", workspace.run, *files, "--out", "maps", "--json", "-")
    assert status == 0
    rows = json.loads(said)["maps"]
    assert json.loads((chestnut.folder / "maps" / "maps.json").read_text())["maps"] == rows
    assert [row["path"] for row in rows] == files
    known = cn.open_run(workspace.run).predict(files, quiet=True)
    assert [row["probability"] for row in rows] == pytest.approx(known.probabilities[:, 1].tolist(), abs=1e-6)
    assert [row["decision"] for row in rows] == list(known.decisions)
    for row in rows:
        drawn, plain = np.asarray(Image.open(chestnut.folder / "maps" / row["file"])), Image.open(row["path"])
        assert drawn.shape[1] > 4 * HEIGHT > drawn.shape[0] >= HEIGHT, "four parts side by side, below a heading"
        whole = np.asarray(plain.convert("L").resize((HEIGHT * plain.width // plain.height, HEIGHT)), dtype=float)
        part = drawn[-16 - HEIGHT : -16, 16 : 16 + whole.shape[1], 0].astype(float)
        assert np.corrcoef(whole.ravel(), part.ravel())[0, 1] > 0.98, "the first part is the image"


def test_the_folder_of_the_run_has_the_maps_of_the_last_call(chestnut, workspace, files):
    for chosen in (files, files[:1]):
        status, said, _ = chestnut("explain", workspace.run, *chosen, "--class", "NORMAL", "--method", "occlusion")
        assert status == 0 and "not where the disease is" in said
    found = sorted(path.name for path in (workspace.run / "explain" / "maps").iterdir())
    assert len(found) == 2 and found[-1] == "maps.json"
    assert json.loads((workspace.run / "explain" / "maps" / "maps.json").read_text())["maps"][0]["of"] == "NORMAL"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--class", "COVID"), "there is no class 'COVID'; known: NORMAL, PNEUMONIA"),
        (("--method", "gradcan"), "--method 'gradcan' is unknown; did you mean gradcam or gradcam++?"),
        (
            ("--method", "activation"),
            "--method 'activation' needs a network whose last maps count by their averages alone",
        ),
    ],
)
def test_what_cannot_be_explained_is_refused(chestnut, workspace, files, words, message):
    status, _, said = chestnut("explain", workspace.run, *files, "--out", "maps", *words)
    assert status == 2 and message in said
    assert not list(chestnut.folder.iterdir())


def test_an_unreadable_image_leaves_nothing_behind(chestnut, workspace, files):
    (chestnut.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    status, _, said = chestnut("explain", workspace.run, files[0], "broken.png", "--out", "maps")
    assert status == 2 and "broken.png" in said
    assert [item.name for item in chestnut.folder.iterdir()] == ["broken.png"]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_every_method_draws_a_map_and_its_values_on_request(chestnut, workspace, files, method):
    words = ("--out", "maps", "--method", method, "--npy", "--json", "-")
    status, said, _ = chestnut("explain", workspace.run, *files, *words)
    if method == "activation":  # the network of the run has a dense layer behind all places
        assert status == 2
        return
    assert status == 0
    for row in json.loads(said)["maps"]:
        values = np.load(chestnut.folder / "maps" / row["raw"])
        assert values.dtype == np.float32 and values.ndim == 2 and np.isfinite(values).all()
        assert row["evidence"] == bool(values.max() > 0)
