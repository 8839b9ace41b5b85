"""Images as dots: components, neighbours against slow exact versions, and what groups they are coloured by."""

import builtins
import importlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.errors import DataError, MissingExtraError
from chestnut.evaluation.grouping import Grouping
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.embedding.projection import find_components, project, require_projection
from chestnut.explain.embedding.separation import Separation, describe_separations, measure_separation
from chestnut.explain.embedding.thumbnails import choose_pictured, make_sheet


def test_components_are_those_of_the_correlation_matrix():
    features = np.random.default_rng(0).normal(size=(40, 6)) @ np.random.default_rng(1).normal(size=(6, 6))
    found = find_components(features)
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    spread, ways = np.linalg.eigh(np.corrcoef(standard.T))
    np.testing.assert_allclose(found.shares, spread[::-1] / 6, atol=1e-9)
    expected = standard @ ways[:, ::-1]
    np.testing.assert_allclose(np.abs(found.values), np.abs(expected), atol=1e-7)
    assert (found.values[np.abs(found.values).argmax(axis=0), np.arange(6)] > 0).all()


def test_a_feature_that_never_differs_and_the_scale_of_others_do_not_matter():
    features = np.random.default_rng(0).normal(size=(30, 4))
    changed = np.column_stack([features * [1, 100, 0.01, 3] + 7, np.full(30, 5.0)])
    np.testing.assert_allclose(find_components(features).values, find_components(changed).values, atol=1e-9)


@pytest.mark.parametrize(
    ("features", "message"),
    [(np.zeros((2, 4)), "2 images; a map of images needs 3 or more"), (np.ones((9, 4)), "the same features for all")],
)
def test_images_that_cannot_be_placed_are_refused(features, message):
    with pytest.raises(DataError, match=message):
        find_components(features)


def slow_purity(values, codes, owners, strata, count):
    """The share of the nearest images of other patients and of the same stratum that are of the same group, by hand."""
    shares, chances = [], []
    for one in range(len(values)):
        others = [i for i in range(len(values)) if owners[i] != owners[one] and strata[i] == strata[one]]
        if codes[one] < 0 or not (others := [i for i in others if codes[i] >= 0]):
            continue
        chance = np.mean([codes[i] == codes[one] for i in others])
        near = sorted(others, key=lambda i: np.linalg.norm(values[i] - values[one]))[:count]
        if 0 < chance < 1:
            shares.append(np.mean([codes[i] == codes[one] for i in near]))
            chances.append(chance)
    return (np.mean(shares), np.mean(chances)) if shares else None


@given(st.integers(0, 10_000), st.integers(2, 24), st.integers(1, 6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_share_of_neighbours_is_that_counted_by_hand(seed, images, count, split):
    random = np.random.default_rng(seed)
    values, owners = random.normal(size=(images, 3)), random.integers(0, 9, images)
    codes, strata = random.integers(-1, 3, images), random.integers(0, 2, images) * split
    grouping = Grouping("site", ("a", "b", "c"), codes)
    expected = slow_purity(values, codes, owners, strata, count)
    found = measure_separation(values, grouping, owners, within=strata if split else None, count=count)
    assert (found is None) == (expected is None)
    if found is not None:
        assert (found.purity.value, found.chance) == pytest.approx(expected)
        assert 0 <= found.purity.low <= found.purity.value <= found.purity.high <= 1


def test_images_of_one_patient_do_not_make_a_group_look_apart():
    random = np.random.default_rng(3)
    owners = np.repeat(np.arange(100), 6)
    places = random.normal(size=(100, 8))[owners] + random.normal(size=(600, 8)) / 100  # copies, near each other
    codes = random.integers(0, 2, 100)[owners]
    found = measure_separation(places, Grouping("sex", ("F", "M"), codes), owners)
    assert not found.is_apart and abs(found.excess.value) < 0.2


def test_a_source_that_is_kept_apart_better_than_the_class_is_pointed_out():
    random = np.random.default_rng(0)
    classes, sites = random.integers(0, 2, 200), random.integers(0, 2, 200)
    places = np.column_stack([classes * 0.5, sites * 9.0]) + random.normal(size=(200, 2))
    groupings = Grouping("class", ("A", "B"), classes), Grouping("source", ("x", "y"), sites)
    whole = [measure_separation(places, one, np.arange(200)) for one in groupings]
    within = [measure_separation(places, groupings[1], np.arange(200), within=classes)]
    (said,) = describe_separations(whole, within)
    assert said.startswith("source is kept apart better than the class")
    (weaker,) = describe_separations([Separation("class", 2, 200, Estimate(1.0, 1.0, 1.0), 0.5), whole[1]], within)
    assert weaker.startswith("source is kept apart among images of one class")


def test_where_each_class_has_its_own_source_nothing_is_said_within_a_class():
    classes = np.repeat([0, 1], 20)
    places = np.random.default_rng(0).normal(size=(40, 2))
    assert measure_separation(places, Grouping("source", ("x", "y"), classes), np.arange(40), within=classes) is None


def test_umap_is_an_extra(monkeypatch):
    monkeypatch.setattr("chestnut.explain.embedding.projection.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"run pip install 'chestnut\[umap\]'"):
        require_projection("umap")
    with pytest.raises(DataError, match="method=tsne: known: pca, umap"):
        require_projection("tsne")


def test_umap_is_not_imported_for_components(monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        assert not name.startswith("umap")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    features = np.random.default_rng(0).normal(size=(12, 5))
    assert project(find_components(features)).shape == (12, 2)
    with pytest.raises(DataError, match="method=umap needs more than 15 images, and there are 12"):
        project(find_components(features), "umap")


def test_umap_gets_the_components_and_the_seed_and_loads_no_framework(monkeypatch):
    class Umap:
        def __init__(self, *, n_neighbors, random_state, n_jobs):
            assert (n_neighbors, random_state, n_jobs) == (15, 3, 1)
            if "tensorflow" not in loaded:
                with pytest.raises(ImportError):
                    importlib.import_module("tensorflow")

        def fit_transform(self, values):
            return values[:, [2, 1]]

    loaded = set(sys.modules)
    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Umap))
    monkeypatch.setattr("chestnut.explain.embedding.projection.find_spec", lambda name: name)
    found = find_components(np.random.default_rng(0).normal(size=(20, 4)))
    np.testing.assert_array_equal(project(found, "umap", seed=3), found.values[:, [2, 1]])
    assert ("tensorflow" in sys.modules) == ("tensorflow" in loaded)


def test_of_many_images_the_mistakes_have_pictures_first():
    wrong = np.arange(5000) % 50 == 0
    chosen = choose_pictured(wrong)
    assert len(chosen) == 2000 and wrong[chosen].sum() == 100 and (np.diff(chosen) > 0).all()
    assert choose_pictured(np.zeros(30, bool)).tolist() == list(range(30))


def test_a_sheet_of_noise_stays_small_and_its_places_are_in_order():
    import io

    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (40, 32, 64), dtype=np.uint8)
    pixels[7] = 200
    sheet = make_sheet(pixels, np.arange(5, 40))
    drawn = np.asarray(Image.open(io.BytesIO(sheet.jpeg)))
    assert sheet.side == 96 and sheet.columns == 6 and drawn.shape == (576, 576)
    own = drawn[:96, 192:288]
    assert own[30:66].mean() == pytest.approx(200, abs=3) and own[:20].mean() < 5


@pytest.mark.slow
def test_the_largest_sheet_of_noise_stays_small():
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 72, 72), dtype=np.uint8)
    assert len(make_sheet(pixels, np.arange(2000)).jpeg) < 3_000_000
