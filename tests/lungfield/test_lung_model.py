"""The network that comes with chestnut is the one that was measured, and its training can be repeated."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

import chestnut

ROOT = Path(__file__).parents[2]
MODEL = Path(chestnut.__file__).parent / "lungfield" / "model"
FIGURES = json.loads((MODEL / "figures.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def tools(monkeypatch):
    """Make the programs beside the package importable."""
    monkeypatch.syspath_prepend(str(ROOT))


def test_the_file_is_small_and_has_the_hash_that_is_checked():
    from chestnut.lungfield.model.identity import SHA256
    from chestnut.lungfield.network import MODEL as NAME

    stored = (MODEL / "lungs.onnx").read_bytes()
    assert len(stored) == FIGURES["bytes"] < 1_000_000
    assert hashlib.sha256(stored).hexdigest() == SHA256 == FIGURES["sha256"]
    assert NAME.removeprefix("lungs-") == SHA256[:12]


def test_the_card_and_the_guide_show_the_measured_figures():
    from tools.lungs.card import card, table

    assert (MODEL / "CARD.md").read_text(encoding="utf-8") == card(FIGURES)
    page = (ROOT / "docs" / "lungs.md").read_text(encoding="utf-8")
    assert re.search("<!-- lungs -->\n(.*)\n<!-- /lungs -->", page, flags=re.S)[1] == table(FIGURES)


def test_the_graph_takes_and_gives_what_the_code_expects():
    import onnxruntime

    from chestnut.lungfield.model import FIELD, SIDE

    session = onnxruntime.InferenceSession(MODEL / "lungs.onnx", providers=["CPUExecutionProvider"])
    (image,), (fields, presence) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type, image.shape) == ("image", "tensor(uint8)", ["n", SIDE, SIDE])
    assert (fields.shape, presence.shape) == (["n", 2, FIELD, FIELD], ["n"])


def test_frames_move_image_and_lungs_together():
    from tools.lungs.augment import frame
    from tools.lungs.examples import label_sides

    from chestnut.data.phantom.radiograph import draw_patient
    from chestnut.lungfield.model import FIELD, SIDE

    drawn = draw_patient(1, size=96, seed=3)[0]
    sides = label_sides(drawn.lungs.astype(np.uint8))
    assert set(np.unique(sides)) == {0, 1, 2}
    for seed in range(5):
        # an image of the lungs alone shows where they went
        image, field = frame((sides > 0).astype(np.uint8) * 255, sides, np.random.default_rng(seed), mild=True)
        assert image.shape == (SIDE, SIDE) and field.shape == (FIELD, FIELD, 2)
        shown = image.reshape(FIELD, 2, FIELD, 2).mean((1, 3)) / 255
        covered = field.sum(-1) > 0.5
        assert ((shown > 0.5) & covered).sum() > 0.95 * covered.sum()
        columns = np.arange(FIELD)
        assert (field[..., 0].sum(0) @ columns) / field[..., 0].sum() < (field[..., 1].sum(0) @ columns) / field[
            ..., 1
        ].sum()


@pytest.mark.slow
def test_a_batch_is_the_same_in_every_run_and_the_graph_computes_what_keras_does(monkeypatch):
    import onnxruntime
    from tools.lungs.batches import COUNTS, Batches
    from tools.lungs.examples import draw_phantoms
    from tools.lungs.graph import to_onnx
    from tools.lungs.training import train

    drawn = draw_phantoms(3, 1)
    batches = Batches(drawn, drawn, 3, seed=5)
    images, (fields, shown) = batches[1]
    again, (fields_again, _) = Batches(drawn, drawn, 3, seed=5)[1]
    assert np.array_equal(images, again) and np.array_equal(fields, fields_again)
    assert len(images) == sum(COUNTS.values()) and shown.sum() == COUNTS["children"] + COUNTS["phantoms"]
    assert not np.array_equal(images, batches[2][0])

    monkeypatch.setattr("tools.lungs.training._WARM", 1)
    one = to_onnx(train(batches, 0)).SerializeToString()
    network = train(batches, 0)
    assert one == to_onnx(network).SerializeToString()
    session = onnxruntime.InferenceSession(one, providers=["CPUExecutionProvider"])
    given = images[..., 0].astype(np.uint8)
    logits, presence = network.predict(given[..., None].astype(np.float32), verbose=0)
    found, score = session.run(None, {"image": given})
    assert found == pytest.approx(1 / (1 + np.exp(-logits.transpose(0, 3, 1, 2))), abs=1e-4)
    assert score == pytest.approx(1 / (1 + np.exp(-presence[:, 0])), abs=1e-4)
