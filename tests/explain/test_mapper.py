"""Maps of many images in a given time: occlusion while it fits, gradients where it does not and they can be had."""

from types import SimpleNamespace

import numpy as np
import pytest

import chestnut.explain.mapper
from chestnut.config import InputSpec
from chestnut.errors import BundleError, ExplanationError
from chestnut.explain import opening
from chestnut.explain.mapper import Mapper
from chestnut.inference.engines.engine import Engine
from chestnut.inference.engines.gradient_engine import GradientEngine, LayerAnswer, LayerGradients

SPEC = InputSpec(height=16, width=16)
BUNDLE = SimpleNamespace(spec=SPEC, classes=("NORMAL", "PNEUMONIA"))
IMAGE = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
#: No network computes so many maps in an hour, and any computes one.
MANY, HOUR = 10**9, 3600.0


class Bright(Engine):
    """A network that finds pneumonia the brighter an image is."""

    spec = SPEC

    def compute_logits(self, images, progress):
        return images.batch(0, len(images)).mean(axis=(1, 2))[:, np.newaxis].astype(np.float32)

    def compute_both(self, images, progress):
        raise NotImplementedError


class Followed(Bright, GradientEngine):
    """The same, with gradients."""

    outputs, has_maps, slope = 1, True, 1.0

    def layer_gradients(self, images, weights):
        maps = images[..., np.newaxis].astype(np.float32)
        gradients = np.full_like(maps, self.slope) * weights[:, np.newaxis, np.newaxis]
        return LayerAnswer(self.logits(images), [LayerGradients(maps, gradients)])

    def pixel_gradients(self, images, weights):
        raise NotImplementedError


@pytest.fixture
def opened(monkeypatch):
    """Return a list of the bundles that were opened with gradients; the attribute `engine` is what they give."""
    calls = SimpleNamespace(bundles=[], engine=Followed())
    monkeypatch.setattr(
        chestnut.explain.mapper, "open_gradients", lambda bundle: calls.bundles.append(bundle) or calls.engine
    )
    return calls


def methods(mapper, lefts):
    return [None if one is None else one.method for one in (mapper.compute(IMAGE, "PNEUMONIA", n) for n in lefts)]


def test_gradients_take_the_place_of_occlusion_where_all_maps_would_take_too_long(opened):
    mapper = Mapper(BUNDLE, Bright(), seconds=HOUR)
    assert methods(mapper, [MANY, MANY - 1]) == ["hirescam", "hirescam"]
    assert opened.bundles == [BUNDLE]


@pytest.mark.parametrize(
    ("options", "left"), [({"seconds": HOUR}, 5), ({}, MANY), ({"seconds": HOUR, "method": "occlusion"}, MANY)]
)
def test_no_gradients_are_opened_where_occlusion_fits_or_was_asked_for(opened, options, left):
    assert methods(Mapper(BUNDLE, Bright(), **options), [left, left]) == ["occlusion", "occlusion"]
    assert opened.bundles == []


def test_without_gradients_occlusion_goes_on_while_there_is_time(opened):
    opened.engine = None
    mapper = Mapper(BUNDLE, Bright(), seconds=HOUR)
    assert methods(mapper, [MANY, MANY]) == ["occlusion", "occlusion"]
    assert opened.bundles == [BUNDLE]  # which takes long: not for each image


def test_an_image_whose_gradients_are_not_finite_is_explained_by_occlusion(opened):
    mapper = Mapper(BUNDLE, Bright(), seconds=HOUR)
    opened.engine.slope = np.nan
    assert methods(mapper, [MANY, MANY]) == ["occlusion", "occlusion"]
    opened.engine.slope = 1.0
    assert methods(mapper, [MANY]) == ["hirescam"]


def test_no_map_is_begun_when_the_time_is_over(opened):
    mapper = Mapper(BUNDLE, Bright(), seconds=-1)
    assert methods(mapper, [2, 1]) == [None, None]
    assert opened.bundles == []


def test_a_class_that_is_not_there_is_an_error(opened):
    with pytest.raises(ExplanationError, match="there is no class 'TB'"):
        Mapper(BUNDLE, Bright(), seconds=HOUR).compute(IMAGE, "TB", 1)


@pytest.mark.parametrize("fault", [BundleError("model.keras was changed"), ModuleNotFoundError("No module named tf")])
def test_a_network_that_keras_cannot_load_has_no_gradients(monkeypatch, fault):
    def refuse(*_):
        raise fault

    monkeypatch.setattr(opening, "open_engine", refuse)
    assert opening.open_gradients(BUNDLE) is None


def test_a_network_without_convolutions_or_with_variants_has_no_gradients_of_maps(monkeypatch):
    network = Followed()
    monkeypatch.setattr(opening, "open_engine", lambda *_: network)
    assert opening.open_gradients(BUNDLE) is network
    network.has_maps = False
    assert opening.open_gradients(BUNDLE) is None
    network.has_maps = True
    flipped = SimpleNamespace(spec=SimpleNamespace(variants="flip"), classes=BUNDLE.classes)
    assert opening.open_gradients(flipped) is None
