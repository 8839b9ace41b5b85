"""`chestnut activations`: one picture of what the layers saw, or one line and no file."""

import json

import pytest
from PIL import Image

from chestnut.api.run import open_run


@pytest.fixture(scope="module")
def image(workspace):
    return sorted((workspace.images / "PNEUMONIA").glob("*.jpeg"))[0]


@pytest.mark.slow
@pytest.mark.drawn
def test_the_layers_of_a_run_are_drawn(chestnut, workspace, image):
    status, said, _ = chestnut("activations", workspace.run, image, "--out", "layers.png", "--json", "-")
    assert status == 0
    told = json.loads(said)
    assert told["layers"][0]["channels"] == 8 and len(told["layers"][0]["shown"]) == 8
    drawn = Image.open(chestnut.folder / "layers.png")
    assert drawn.width == 1860 and len(drawn.convert("L").getcolors()) > 50
    found, place = open_run(workspace.run).activations(image, layers=1, to=chestnut.folder / "one.png")
    assert place.is_file() and len(found.layers) == 1 and found.image.shape == (32, 32)
    assert found.kernels.shape == (8, 3, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--layers", "0"), "--layers 0: give 1 to 12"),
        (("--layers", "conv_9"), "--layers conv_9: no layer with maps has this name"),
        (("--member", "2"), "--member 2: the network is no ensemble"),
    ],
)
def test_layers_that_are_not_there_are_refused(chestnut, workspace, image, words, message):
    status, _, said = chestnut("activations", workspace.run, image, "--out", "layers.png", *words)
    assert status == 2 and message in said
    assert not list(chestnut.folder.iterdir())


def test_one_image_is_drawn_at_a_time(chestnut, workspace):
    status, _, said = chestnut("activations", workspace.run, workspace.images / "NORMAL", "--out", "layers.png")
    assert status == 2 and "images; give one image" in said
    assert not list(chestnut.folder.iterdir())
