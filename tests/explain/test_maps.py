"""Maps of where a network looked: the place that a network depends on is found, by both methods."""

import numpy as np
import pytest

from chestnut.config import InputSpec
from chestnut.errors import ExplanationError
from chestnut.explain.class_activation import activate, can_activate
from chestnut.explain.explain import explain
from chestnut.explain.map import Map
from chestnut.explain.occlusion import occlude
from chestnut.explain.score import class_scores
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.onnx_engine import ACTIVATION, LOGITS, OnnxEngine

HEIGHT, WIDTH = 48, 64
SQUARE = (slice(8, 20), slice(40, 54))
CLASSES = ("NORMAL", "PNEUMONIA")
NOISE = np.random.default_rng(0).integers(0, 120, (HEIGHT, WIDTH), dtype=np.uint8)


class Looking(Engine):
    """A network whose logits follow from a function of the grey values; it keeps what it saw."""

    def __init__(self, logits, **spec):
        self.spec = InputSpec(height=HEIGHT, width=WIDTH, **spec)
        self.seen, self._logits = [], logits

    def compute_logits(self, images, progress):
        batch = images.batch(0, len(images))
        self.seen.append(batch)
        return np.asarray(self._logits(batch), dtype=np.float32)

    def compute_both(self, images, progress):
        raise NotImplementedError


def brightness(batch):
    return batch[:, *SQUARE].mean(axis=(1, 2)) / 10


def one_output(batch):
    return brightness(batch)[:, np.newaxis]


def two_outputs(batch):
    """Logits that have a large number in common, as a network may give."""
    return np.stack([np.full(len(batch), 100.0), 100 + brightness(batch)], axis=1)


def picture():
    image = NOISE.copy()
    image[SQUARE] = 250
    return image


@pytest.mark.parametrize("fill", ["mean", "blur"])
@pytest.mark.parametrize("logits", [one_output, two_outputs])
def test_occlusion_finds_the_square_that_decides(logits, fill):
    found = occlude(Looking(logits), picture(), "PNEUMONIA", 1, fill=fill)
    row, column = np.unravel_index(found.values.argmax(), found.values.shape)
    assert found.values.shape == (HEIGHT, WIDTH)
    assert SQUARE[0].start <= row < SQUARE[0].stop
    assert SQUARE[1].start <= column < SQUARE[1].stop
    assert found.score == pytest.approx(25)
    assert found.values.max() > 4
    assert abs(found.values[30:]).max() < 0.01  # nothing there is looked at
    assert found.has_evidence
    assert "hidden" in found.meaning.says


@pytest.mark.parametrize("logits", [one_output, two_outputs])
def test_what_speaks_for_one_of_two_classes_speaks_against_the_other(logits):
    for_it, against = (occlude(Looking(logits), picture(), name, index) for index, name in enumerate(CLASSES))
    np.testing.assert_allclose(for_it.cells, -against.cells)
    assert for_it.score == -against.score
    assert not for_it.has_evidence


def test_the_score_of_one_of_many_classes_ignores_what_all_logits_share():
    logits = np.array([[1.0, 2.0, 6.0]])
    assert class_scores(logits, 2) == pytest.approx([4.5])
    assert class_scores(logits + 1000, 2) == pytest.approx([4.5])


def test_a_network_that_looks_nowhere_leaves_no_evidence():
    found = occlude(Looking(lambda batch: np.zeros((len(batch), 1))), picture(), "PNEUMONIA", 1)
    assert not found.has_evidence
    assert not found.values.any()


def test_what_is_black_in_every_image_stays_black():
    image = picture()
    image[:, :20] = 0
    network = Looking(one_output, outside="blank")
    occlude(network, image, "PNEUMONIA", 1)
    assert all((batch[:, :, :20] == 0).all() for batch in network.seen)
    network = Looking(one_output)
    occlude(network, image, "PNEUMONIA", 1)
    assert any(batch[:, :, :20].any() for batch in network.seen)


def test_the_grid_is_never_finer_than_the_pixels_allow():
    assert occlude(Looking(one_output), picture(), "PNEUMONIA", 1, cells=100).cells.shape == (HEIGHT // 4, WIDTH // 4)
    assert occlude(Looking(one_output), picture(), "PNEUMONIA", 1, cells=1).cells.shape == (1, 1)


def test_a_computation_ends_when_nobody_waits_for_it():
    class GoneError(Exception):
        pass

    def leave():
        if len(network.seen) == 3:
            raise GoneError

    network = Looking(one_output)
    with pytest.raises(GoneError):
        explain(network, CLASSES, picture(), on_batch=leave)
    assert len(network.seen) == 3


class Session:
    """An ONNX Runtime session of a network that averages maps: of how bright each quarter of an image is."""

    def __init__(self, outputs=2, activation=True):
        self.weights, self.bias = np.arange(1.0, outputs + 1), np.linspace(-1, 1, outputs)
        self.names = [LOGITS, *([ACTIVATION] if activation else [])]

    def get_outputs(self):
        return [type("Output", (), {"name": name}) for name in self.names]

    def run(self, names, inputs):
        (batch,) = inputs.values()
        cells = batch.reshape(len(batch), 2, HEIGHT // 2, 2, WIDTH // 2).mean(axis=(2, 4)) / 100
        maps = self.weights[:, np.newaxis, np.newaxis] * cells[:, np.newaxis]
        logits = maps.mean(axis=(2, 3)) + self.bias
        return [{LOGITS: logits, ACTIVATION: maps}[name].astype(np.float32) for name in names]


def averaging(outputs=2, *, activation=True, variants="none"):
    return OnnxEngine(Session(outputs, activation), InputSpec(height=HEIGHT, width=WIDTH, variants=variants))


@pytest.mark.parametrize(("outputs", "index"), [(1, 0), (1, 1), (2, 0), (2, 1), (3, 1)])
def test_a_class_activation_map_adds_up_to_the_score(outputs, index):
    engine = averaging(outputs)
    image = picture()
    found = activate(engine, image, "a class", index)
    constant = class_scores(engine.session.bias[np.newaxis], index)[0]
    assert found.cells.mean() + constant == pytest.approx(found.score, abs=1e-5)
    assert found.score == pytest.approx(class_scores(engine.logits(image[np.newaxis]), index)[0], abs=1e-5)
    assert found.values.shape == (HEIGHT, WIDTH)
    assert "constant" in found.meaning.says


def test_activation_is_chosen_where_it_adds_up_to_what_is_decided_by():
    assert explain(averaging(), CLASSES, picture()).method == "activation"
    assert explain(averaging(), CLASSES, picture(), method="occlusion").method == "occlusion"
    for engine in (averaging(activation=False), averaging(variants="flip"), Looking(two_outputs)):
        assert not can_activate(engine)
        assert explain(engine, CLASSES, picture()).method == "occlusion"
        with pytest.raises(ExplanationError, match="take method='occlusion' or 'auto'"):
            explain(engine, CLASSES, picture(), method="activation")


def test_the_positive_or_likeliest_class_is_explained_unless_another_is_named():
    assert explain(averaging(), CLASSES, picture()).of == "PNEUMONIA"
    assert explain(averaging(1), CLASSES, picture()).of == "PNEUMONIA"
    assert explain(averaging(), CLASSES, picture(), "NORMAL").of == "NORMAL"
    assert explain(averaging(3), ("A", "B", "C"), picture()).of == "C"
    with pytest.raises(ExplanationError, match="there is no class 'PNEUMONA'; did you mean PNEUMONIA"):
        explain(averaging(), CLASSES, picture(), "PNEUMONA")


def test_values_lie_smoothly_between_the_cells_and_never_beyond_them():
    found = Map(np.array([[0, 1, 0], [0, 1, 0]], np.float32), (6, 30), "occlusion", "A", 1.0)
    row = found.values[0]
    assert found.values.shape == (6, 30)
    assert row.min() == 0
    assert 0.98 < row.max() <= 1
    assert (np.diff(row[:15]) >= 0).all()
    np.testing.assert_allclose(row, row[::-1], atol=1e-6)
    assert np.abs(np.diff(row, 2)).max() < 0.1  # no edge
