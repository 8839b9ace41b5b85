"""Maps by gradients: formulas against slow ones, sums that must hold, and networks that they cannot explain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.config import InputSpec
from chestnut.errors import ExplanationError
from chestnut.explain.explain import explain, explain_images
from chestnut.explain.gradients.layer_maps import RULES, are_even
from chestnut.explain.gradients.pixel_maps import integrate_gradients
from chestnut.explain.methods import LAYER_METHODS, METHODS, PIXEL_METHODS
from chestnut.explain.score import class_scores, score_weights
from chestnut.inference.engines.gradient_engine import GradientEngine, LayerAnswer, LayerGradients, PixelAnswer

CLASSES = ("COVID", "NORMAL", "PNEUMONIA")
SIDE, GRID = 16, 4


class Squares(GradientEngine):
    """A network of one layer of maps, the means of cells of the image and their squares; the head is linear."""

    def __init__(self, outputs=3, maps=True, **spec):
        self.spec = InputSpec(height=SIDE, width=SIDE, **spec)
        random = np.random.default_rng(1)
        self._kernel = random.normal(size=(GRID, GRID, 2, outputs)).astype(np.float32)
        self._outputs, self._maps = outputs, maps

    outputs = property(lambda self: self._outputs)
    has_maps = property(lambda self: self._maps)

    def see(self, images):
        cells = images.reshape(len(images), GRID, SIDE // GRID, GRID, SIDE // GRID).mean(axis=(2, 4)) / 255
        return np.stack([cells, cells**2], axis=-1).astype(np.float32)

    def compute_logits(self, images, progress):
        return np.einsum("nrck,rckl->nl", self.see(np.asarray(images.batch(0, len(images)), float)), self._kernel)

    def compute_both(self, images, progress):
        raise NotImplementedError

    def layer_gradients(self, images, weights):
        maps = self.see(images.astype(float))
        weights = np.broadcast_to(weights, (len(images), self.outputs))
        gradients = np.einsum("rckl,nl->nrck", self._kernel, weights).astype(np.float32)
        return LayerAnswer(np.einsum("nrck,rckl->nl", maps, self._kernel), [LayerGradients(maps, gradients)])

    def pixel_gradients(self, images, weights):
        maps = self.see(np.asarray(images, float))
        weights = np.broadcast_to(weights, (len(images), self.outputs))
        down = np.einsum("rckl,nl->nrck", self._kernel, weights)
        cells = (down[..., 0] + 2 * maps[..., 0] * down[..., 1]) / 255 / (SIDE // GRID) ** 2
        pixels = cells.repeat(SIDE // GRID, axis=1).repeat(SIDE // GRID, axis=2)
        return PixelAnswer(np.einsum("nrck,rckl->nl", maps, self._kernel), pixels.astype(np.float32))


IMAGES = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE), dtype=np.uint8)


def slow_map(method, maps, gradients):
    """Compute a map of one image place by place, as the papers write it."""
    rows, columns, channels = maps.shape
    found = np.zeros((rows, columns))
    for channel in range(channels):
        slopes = gradients[..., channel].astype(float)
        weight = slopes.mean()
        if method == "gradcam++":
            total = maps[..., channel].sum()
            weight = sum(
                0.0 if slope == 0 else slope**2 / (2 * slope**2 + total * slope**3) * max(slope, 0)
                for slope in slopes.ravel()
            )
        for row in range(rows):
            for column in range(columns):
                own = {"hirescam": slopes[row, column], "layercam": max(slopes[row, column], 0)}
                found[row, column] += own.get(method, weight) * maps[row, column, channel]
    if method != "gradcam++":
        found *= rows * columns
    return found if method == "hirescam" else np.maximum(found, 0)


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "hirescam", "layercam"])
def test_maps_of_a_layer_are_those_of_a_slow_reckoning(method):
    random = np.random.default_rng(2)
    maps = np.maximum(random.normal(size=(3, 5, 4, 6)), 0).astype(np.float32)
    gradients = (1e-3 * random.normal(size=maps.shape)).astype(np.float32)
    fast = RULES[method](maps, gradients)
    for image in range(3):
        wanted = slow_map(method, maps[image], gradients[image])
        scale = wanted.max() / fast[image].max() if method == "gradcam++" else 1.0
        np.testing.assert_allclose(scale * fast[image], wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())


@pytest.mark.parametrize("channels", [8, 40])
def test_eigencam_is_the_first_singular_vector_whatever_the_gradients_are(channels):
    maps = np.maximum(np.random.default_rng(3).normal(size=(2, 6, 5, channels)), 0).astype(np.float32)
    found = RULES["eigencam"](maps, np.zeros_like(maps))
    for image, one in zip(maps, found, strict=True):
        left, sizes, _ = np.linalg.svd(image.reshape(30, channels))
        np.testing.assert_allclose(one.ravel(), np.abs(left[:, 0]) * sizes[0], rtol=1e-4)


@given(st.integers(0, 2), st.integers(0, 4))
def test_hirescam_of_a_linear_head_adds_up_to_the_score(index, image):
    (found,) = explain_images(Squares(), CLASSES, IMAGES[image : image + 1], [CLASSES[index]], "hirescam")
    assert found.cells.mean() == pytest.approx(found.score, abs=1e-4) and not found.exact


def test_integrated_gradients_add_up_to_the_change_of_the_score():
    engine = Squares()
    weights = score_weights(3, 1)
    scores = class_scores(engine.logits(np.stack([IMAGES[0], np.zeros_like(IMAGES[0])])), 1)
    found = integrate_gradients(engine, IMAGES[0], weights, steps=20)
    assert found.mean() == pytest.approx(scores[0] - scores[1], abs=1e-4)


@pytest.mark.parametrize("method", METHODS[2:])
def test_images_of_a_batch_have_the_maps_that_each_has_alone(method):
    engine, of = Squares(), ["COVID", "NORMAL", None, "PNEUMONIA", None]
    for image, which, found in zip(IMAGES, of, explain_images(engine, CLASSES, IMAGES, of, method), strict=True):
        alone = explain(engine, CLASSES, image, which, method)
        np.testing.assert_allclose(found.cells, alone.cells, rtol=1e-5)
        assert found.of == alone.of and found.method == method and found.values.shape == (SIDE, SIDE)


@pytest.mark.parametrize("method", ["gradcam", "layercam", "hirescam", "integrated-gradients"])
def test_class_0_of_one_output_is_explained_by_the_negated_logit(method):
    engine = Squares(outputs=1)
    for_class, against = (explain(engine, ("NORMAL", "ILL"), IMAGES[0], of, method) for of in ("NORMAL", "ILL"))
    assert for_class.score == pytest.approx(-against.score)
    if method in ("hirescam", "integrated-gradients"):
        np.testing.assert_allclose(for_class.cells, -against.cells, rtol=1e-5)


def test_gradients_that_are_equal_at_all_places_make_an_exact_map():
    even = np.ones((1, 3, 3, 2), np.float32) * np.asarray([1.0, -2.0], np.float32)
    uneven = even.copy()
    uneven[0, 0, 0, 0] = 1.5
    assert are_even(even).all() and not are_even(uneven).any() and are_even(0 * even).all()


def test_no_evidence_is_finite_and_says_so():
    maps = np.zeros((1, 3, 3, 2), np.float32)
    for method in LAYER_METHODS:
        assert (RULES[method](maps, maps) == 0).all()


@pytest.mark.parametrize("method", LAYER_METHODS)
def test_a_network_without_convolutions_says_which_methods_work(method):
    with pytest.raises(ExplanationError, match=r"this has none; take method='occlusion' or\s*'integrated-gradients'"):
        explain(Squares(maps=False), CLASSES, IMAGES[0], None, method)


@pytest.mark.parametrize("method", [*PIXEL_METHODS, "gradcam"])
def test_a_network_that_decides_by_variants_is_explained_by_occlusion(method):
    with pytest.raises(ExplanationError, match="by the mean over variants of it; take method='occlusion'"):
        explain(Squares(variants="flip"), CLASSES, IMAGES[0], None, method)


def test_gradients_that_are_not_finite_are_refused():
    class Broken(Squares):
        def pixel_gradients(self, images, weights):
            return PixelAnswer(*(np.nan * part for part in super().pixel_gradients(images, weights)))

    with pytest.raises(ExplanationError, match="not finite for this image; take method='occlusion'"):
        explain(Broken(), CLASSES, IMAGES[0], None, "smoothgrad")
