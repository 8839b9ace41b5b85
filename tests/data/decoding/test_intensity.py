"""Tests of the intensity rules against slow, exact versions and other libraries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from chestnut.config import InputSpec
from chestnut.data.cache import cache
from chestnut.data.cache.cache import decode_all
from chestnut.data.decoding.decode import decode
from chestnut.data.decoding.intensity import standardise
from chestnut.data.manifest import Manifest

RULES = ("none", "percentile", "equalise", "clahe")

pictures = arrays.arrays(np.uint8, st.tuples(st.integers(8, 40), st.integers(8, 40)), elements=st.integers(0, 255))
rising = st.lists(st.integers(0, 255), min_size=16, max_size=16, unique=True).map(sorted)


@pytest.fixture
def scene():
    y, x = np.mgrid[:64, :80] / [[[64]], [[80]]]
    return (60 + 70 * x + 40 * y * y + 20 * np.sin(9 * x)).round().astype(np.uint8)


@given(pictures)
def test_equalise_is_the_share_of_darker_pixels(image):
    """Compare with the definition, pixel by pixel: the darkest grey value is black and does not count otherwise."""
    above = np.sort(image[image > image.min()])
    expected = 255 * np.searchsorted(above, image, side="right") / max(1, len(above))
    found = standardise(image, "equalise")
    assert np.abs(found - (expected if len(above) else image)).max() <= 0.51


@given(arrays.arrays(np.uint8, (24, 24), elements=st.integers(0, 15)), rising)
def test_equalise_undoes_every_rising_map(image, greys):
    mapped = np.array(greys, np.uint8)[image]
    if len(np.unique(image)) > 1:
        np.testing.assert_array_equal(standardise(mapped, "equalise"), standardise(image, "equalise"))


@given(pictures)
def test_equalising_twice_is_equalising_once(image):
    once = standardise(image, "equalise").astype(int)
    assert np.abs(standardise(once.astype(np.uint8), "equalise") - once).max() <= 1


@pytest.mark.parametrize("rule", RULES)
@given(image=pictures, seed=st.integers(0, 99))
def test_pixels_that_are_not_kept_become_black_and_count_for_nothing(rule, image, seed):
    random = np.random.default_rng(seed)
    kept = random.random(image.shape) < random.random()
    result = standardise(image, rule, kept)
    assert not result[~kept].any()
    other = np.where(kept, image, random.integers(0, 256, image.shape)).astype(np.uint8)
    np.testing.assert_array_equal(standardise(other, rule, kept), result)
    if rule != "clahe":
        np.testing.assert_array_equal(result[kept], standardise(image[kept][np.newaxis], rule)[0] if kept.any() else [])
    np.testing.assert_array_equal(standardise(image, rule, np.ones_like(kept)), standardise(image, rule))


@given(pictures)
def test_percentiles_equal_those_of_numpy(image):
    low, high = np.percentile(image, (1, 99))
    expected = np.interp(image, (low, high), (0, 255)) if low < high else image
    assert np.abs(standardise(image, "percentile") - expected).max() <= 0.51


@given(arrays.arrays(np.uint8, (24, 24), elements=st.integers(0, 50)), st.integers(1, 4), st.integers(0, 55))
def test_percentile_undoes_exposure_and_contrast(image, slope, offset):
    changed = (image * slope + offset).astype(np.uint8)
    low, high = np.percentile(image, (1, 99))
    if low < high:
        np.testing.assert_allclose(standardise(changed, "percentile"), standardise(image, "percentile"), atol=1)


def test_clahe_raises_local_contrast_and_keeps_a_flat_tile_from_becoming_noise(scene):
    def local(image):
        return np.mean([tile.std() for rows in np.split(image, 8) for tile in np.split(rows, 8, axis=1)])

    assert local(standardise(scene, "clahe")) > 1.5 * local(scene)
    faint = np.full((64, 64), 100, np.uint8) + np.random.default_rng(0).integers(0, 2, (64, 64), dtype=np.uint8)
    assert np.ptp(standardise(faint, "clahe").astype(int)) < 64 < np.ptp(standardise(faint, "equalise").astype(int))


@pytest.mark.parametrize("rule", RULES)
def test_one_grey_value_stays_one(rule):
    assert len(np.unique(standardise(np.full((20, 30), 77, np.uint8), rule))) == 1


@pytest.mark.parametrize("rule", RULES)
def test_decoding_and_the_cache_apply_the_rule_and_keep_the_rules_apart(rule, scene, tmp_path, monkeypatch):
    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path / "cache"))
    path = str(tmp_path / "a.png")
    Image.fromarray(scene).save(path)
    manifest = Manifest.build([{"path": path, "label": "A", "patient": "1"}], tmp_path)
    spec = InputSpec(height=64, width=80, intensity=rule)
    for each in ("none", rule):
        found = decode_all(manifest, spec.model_copy(update={"intensity": each}))
    np.testing.assert_array_equal(found.pixels[0], standardise(scene, rule))
    np.testing.assert_array_equal(decode(path, spec), standardise(scene, rule))
    names = {"64x80-stretch-v1", "64x80-stretch-v1" if rule == "none" else f"64x80-stretch-{rule}-v1"}
    assert {entry.rule for entry in cache.entries()} == names
    cache.clean()
    assert cache.entries() == []
