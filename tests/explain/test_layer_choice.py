"""Which layers are looked at, and which of their maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.errors import ExplanationError
from chestnut.explain.layers.activations import SHOWN, view_layers
from chestnut.explain.layers.choice import MOST_LAYERS, choose_layers
from chestnut.inference.engines.layer_engine import LayerEngine
from chestnut.models.gradients.map_layer import MapLayer


class Engine(LayerEngine):
    """Layers whose maps are known: the channel c of each is c times the same ramp."""

    def __init__(self, layers):
        self._layers = tuple(layers)

    @property
    def map_layers(self):
        return self._layers

    def compute_maps(self, image, names):
        known = {layer.name: layer for layer in self._layers}
        ramps = [np.add.outer(np.arange(known[name].rows), np.arange(known[name].columns)) for name in names]
        return [
            (ramp[..., None] * np.arange(known[name].channels)).astype(np.float32)
            for ramp, name in zip(ramps, names, strict=True)
        ]

    def first_kernels(self, member=0):
        return np.ones((3, 3, 3, 5), np.float32)

    def compute_logits(self, images, progress):
        raise NotImplementedError

    def compute_both(self, images, progress):
        raise NotImplementedError


def layer(name, side, channels=12, member=0):
    return MapLayer(name, "Conv2D", side, side, channels, member)


STAGES = [layer(f"l{number}", 64 >> number // 3) for number in range(15)]
GREY = np.zeros((8, 8), np.uint8)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, MOST_LAYERS))
def test_the_last_layer_of_each_size_comes_first_and_the_order_stays(sides, count):
    found = [layer(f"l{number}", side) for number, side in enumerate(sides)]
    chosen = choose_layers(found, count)
    rows = [found.index(one) for one in chosen]
    assert rows == sorted(set(rows)) and len(chosen) == min(count, len(found))
    last = {side: number for number, side in enumerate(sides)}
    assert set(rows) <= set(last.values()) if count <= len(last) else set(last.values()) <= set(rows)


def test_unasked_there_is_one_layer_for_each_size():
    assert [one.name for one in choose_layers(STAGES)] == ["l2", "l5", "l8", "l11", "l14"]
    assert [one.name for one in choose_layers(STAGES, 6)] == ["l2", "l5", "l8", "l11", "l13", "l14"]


def test_named_layers_are_drawn_in_the_order_of_the_network():
    assert [one.name for one in choose_layers(STAGES, ["l9", "l2", "l9"])] == ["l2", "l9"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (0, "layers=0: give 1 to 12, or names of layers"),
        (13, "layers=13: give 1 to 12"),
        (["l99"], "layers=l99: no layer with maps has this name; did you mean l9"),
        ([f"l{number}" for number in range(13)], "13 layers are named; name 1 to 12"),
    ],
)
def test_layers_that_cannot_be_drawn_are_refused(wanted, message):
    with pytest.raises(ExplanationError, match=message):
        choose_layers(STAGES, wanted)


def test_the_maps_that_differ_most_come_first_and_blank_ones_are_counted():
    (view,) = view_layers(Engine([layer("one", 6)]), GREY).layers
    assert view.channels == tuple(range(11, 11 - SHOWN, -1)) and view.maps.shape == (SHOWN, 6, 6)
    assert view.silent == 1  # the channel that is 0 everywhere
    assert view.to_dict()["shown"][0] == {"channel": 11, "low": 0.0, "high": 110.0}


def test_filters_are_summed_over_channels_that_are_the_same_image():
    found = view_layers(Engine([layer("one", 6)]), GREY)
    np.testing.assert_array_equal(found.kernels, np.full((5, 3, 3), 3.0))


def test_a_member_is_looked_at_by_its_number():
    engine = Engine([layer("a", 6, member=2), layer("b", 6, member=3)])
    assert view_layers(engine, GREY).member == 2
    assert [one.layer.name for one in view_layers(engine, GREY, member=3).layers] == ["b"]
    with pytest.raises(ExplanationError, match="member=1: the members with convolutions are 2, 3"):
        view_layers(engine, GREY, member=1)
    with pytest.raises(ExplanationError, match="member=1: the network is no ensemble; leave it out"):
        view_layers(Engine(STAGES), GREY, member=1)


def test_a_network_without_convolutions_is_told_what_works():
    with pytest.raises(ExplanationError, match=r"no convolutions, .* --method occlusion .* chestnut embed RUN"):
        view_layers(Engine([]), GREY)
