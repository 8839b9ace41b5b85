"""The guard's arithmetic: distances, tails, the share of false alarms, and a reference from a stranger."""

import functools
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.covariance import LedoitWolf

from chestnut.errors import BundleError
from chestnut.inference.guard.cloud import Cloud
from chestnut.inference.guard.looks import Looks
from chestnut.inference.guard.reference import SIGNS, GuardReference, Sample
from chestnut.inference.guard.tail import Tail
from chestnut.inference.part_file import pack_arrays, unpack_arrays
from chestnut.lungfield.geometry import GEOMETRY

PATH = Path("run/bundle/guard.npz")
FEATURES = 6


def test_distances_are_those_of_mahalanobis_to_the_nearest_class():
    random = np.random.default_rng(0)
    groups = random.integers(0, 3, 400)
    mixed = random.standard_normal((FEATURES, FEATURES)) * [1, 2, 3, 4, 5, 6]
    points = random.standard_normal((400, FEATURES)) @ mixed + 5 * groups[:, None]
    cloud = Cloud.fit(points, groups)
    scaled = (points - points.mean(axis=0)) / points.std(axis=0)
    means = np.stack([scaled[groups == group].mean(axis=0) for group in range(3)])
    precision = LedoitWolf(assume_centered=True).fit(scaled - means[groups]).precision_
    others = random.standard_normal((50, FEATURES)) * 20
    given = (others - points.mean(axis=0)) / points.std(axis=0)
    expected = cdist(given, means, "mahalanobis", VI=precision).min(axis=1)
    np.testing.assert_allclose(cloud.distances(others), expected, rtol=1e-4)


def test_a_cloud_of_equal_images_or_with_constant_features_gives_finite_distances():
    assert np.isfinite(Cloud.fit(np.ones((5, 3)), np.zeros(5, int)).distances(np.zeros((2, 3)))).all()
    points = np.random.default_rng(0).standard_normal((30, 3)) * [1, 0, 1e9]
    assert np.isfinite(Cloud.fit(points, np.arange(30) % 2).distances(points)).all()


def test_a_tail_is_as_rare_as_it_says():
    random = np.random.default_rng(0)
    tail = Tail.fit(random.exponential(3.0, 20_000), 1e-6)
    others = tail.strangeness(random.exponential(3.0, 200_000))
    for power in (1, 2, 3):
        assert (others >= power).mean() == pytest.approx(10.0**-power, rel=0.25)


def test_what_nearly_all_values_share_is_not_strange():
    usual = np.append(np.zeros(95), np.arange(1.0, 6))
    tail = Tail.fit(usual, 0.1)
    assert tail.strangeness([0.0, 9.0]).tolist() == pytest.approx([0, 9 / 3 / np.log(10)])
    assert Tail.fit(np.zeros(9), 0.25).strangeness([0.0, 1.0]).tolist() == pytest.approx([0, 4 / np.log(10)])


def looks(images, random=None):
    """Looks without lungs; their contrast varies if a generator is given."""
    rows = np.full((images, 4 + len(GEOMETRY)), np.nan)
    rows[:, :3] = 0
    if random is not None:
        rows[:, 0] = random.standard_normal(images)
    return Looks.from_rows(rows)


def sample(random, patients, alike=0.0):
    """Images of patients, one to five of each, whose features and contrast share a part."""
    owners = np.repeat(np.arange(patients), random.integers(1, 6, patients))
    own = np.sqrt(1 - alike) * random.standard_normal((len(owners), FEATURES + 1))
    values = np.sqrt(alike) * random.standard_normal((patients, FEATURES + 1))[owners] + own
    found = looks(len(owners))
    found.flatness[:] = values[:, 0]
    return Sample(found, values[:, 1:].astype(np.float32), owners % 2, owners.astype(str))


@pytest.mark.slow
@pytest.mark.parametrize(("patients", "rate", "alike"), [(60, 0.1, 0.0), (60, 0.1, 0.9), (200, 0.02, 0.5)])
def test_the_share_of_false_alarms_on_new_patients_is_as_stated(patients, rate, alike):
    random = np.random.default_rng(0)
    shares = []
    for _ in range(40):
        reference = GuardReference.fit(sample(random, 80), sample(random, patients, alike), rate)
        new = sample(random, 200, alike)
        strange = reference.strangeness(new.looks, new.features).max(axis=1)
        flagged = reference.scores(strange) <= rate
        np.testing.assert_array_equal(flagged, strange > reference.cutoff)
        shares.append(flagged.mean())
    assert np.mean(shares) == pytest.approx(rate, abs=4 * np.std(shares) / np.sqrt(len(shares)))


def test_scores_are_shares_of_patients_images_at_least_as_strange():
    random = np.random.default_rng(0)
    val = sample(random, 25)
    reference = GuardReference.fit(sample(random, 60), val, 0.1)
    usual = reference.strangeness(val.looks, val.features).max(axis=1)
    for given in (*usual[:5], -100.0, 100.0):
        above = [np.mean(usual[val.patients == patient] >= given) for patient in np.unique(val.patients)]
        assert reference.scores([given])[0] == pytest.approx((1 + np.sum(above)) / 26)


@pytest.mark.parametrize("sign", ["features", "flat"])
def test_what_is_far_in_features_or_in_contrast_alone_is_flagged_by_that_sign(sign):
    random = np.random.default_rng(0)
    reference = GuardReference.fit(sample(random, 200), sample(random, 100), 0.02)
    new = sample(random, 20)
    if sign == "flat":
        new.looks.flatness[:] = 9
    else:
        new = new._replace(features=new.features + 9)
    strange = reference.strangeness(new.looks, new.features)
    assert (reference.scores(strange.max(axis=1)) <= 0.02).all()
    assert (strange.argmax(axis=1) == SIGNS.index(sign)).all()


@functools.cache
def fitted():
    random = np.random.default_rng(0)
    return GuardReference.fit(sample(random, 60), sample(random, 30), 0.05)


def test_what_is_written_judges_alike_and_names_no_patient():
    reference = fitted()
    read = GuardReference.from_part(reference.to_part(), PATH)
    new = sample(np.random.default_rng(1), 20)
    np.testing.assert_array_equal(
        read.strangeness(new.looks, new.features), reference.strangeness(new.looks, new.features)
    )
    assert (read.rate, read.cutoff, read.patients) == (reference.rate, reference.cutoff, 30)
    renamed = sample(np.random.default_rng(0), 60), sample(np.random.default_rng(0), 30)
    names = np.array([f"patient-{name}" for name in renamed[1].patients])
    other = GuardReference.fit(renamed[0], renamed[1]._replace(patients=names), 0.05)
    assert b"patient-" not in other.to_part()


KINDS = {
    **dict.fromkeys(("origin", "weights", "centres", "lung_origin", "lung_weights", "lung_centres"), "f"),
    **{"tails": "f", "usual": "f", "owners": "iu", "settings": "f"},
}


def packed(**changed):
    arrays = unpack_arrays(fitted().to_part(), PATH, KINDS)
    return pack_arrays(arrays | {name: np.asarray(value) for name, value in changed.items()})


#: Content, and what the message says of it.
HOSTILE = {
    "no archive": (lambda: b"not an archive", "not a zip file"),
    "cut off": (lambda: packed()[:-40], "not a zip file"),
    "empty": (lambda: pack_arrays({}), "no array origin"),
    "NaN": (lambda: packed(weights=np.full((FEATURES, 3), np.nan)), "weights contains numbers that are NaN"),
    "infinite tail": (lambda: packed(tails=np.full((6, 3), np.inf)), "NaN or infinite"),
    "fewer features": (lambda: packed(origin=np.zeros(3)), "for 3 features"),
    "no feature": (lambda: packed(origin=np.zeros(0), weights=np.zeros((0, 3))), "for 0 features"),
    "a table": (lambda: packed(origin=np.zeros((6, 2))), "weights have the shape"),
    "other directions": (lambda: packed(centres=np.zeros((2, 99))), "weights have the shape"),
    "flat weights": (lambda: packed(weights=np.zeros(FEATURES)), "weights have the shape"),
    "wrong lungs": (lambda: packed(lung_centres=np.zeros((1, 3))), "lung_weights have the shape"),
    "few tails": (lambda: packed(tails=np.zeros((2, 3))), r"tails has the shape \(2, 3\), not \(6, 3\)"),
    "negative tail": (lambda: packed(tails=np.full((6, 3), -1.0)), "excess below 0"),
    "nobody": (lambda: packed(usual=np.zeros(0), owners=np.zeros(0, int)), "not a list of rising numbers"),
    "falling": (lambda: packed(usual=np.arange(3.0)[::-1], owners=np.arange(3)), "not a list of rising numbers"),
    "more owners": (lambda: packed(owners=np.zeros(3, int)), r"owners has the shape \(3,\)"),
    "a huge owner": (lambda: packed(usual=np.zeros(2), owners=np.array([0, 2**31 - 1])), "numbers of patients from 0"),
    "a negative owner": (lambda: packed(usual=np.zeros(2), owners=np.array([0, -1])), "numbers of patients from 0"),
    "half an owner": (lambda: packed(usual=np.zeros(2), owners=np.zeros(2)), "not whole numbers"),
    "no rate": (lambda: packed(settings=np.array([1.0, 0])), "1 and 0, not"),
    "rate 1": (lambda: packed(settings=np.array([1.0, 1])), "1 and 1, not"),
    "two rates": (lambda: packed(settings=np.zeros(3)), r"settings has the shape \(3,\)"),
    "no sense": (lambda: packed(settings=np.array([0.5, 0.1])), "0.5 and 0.1, not"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_damaged_reference_is_refused_in_one_line(case):
    make, message = HOSTILE[case]
    with pytest.raises(BundleError, match=message) as caught:
        GuardReference.from_part(make(), PATH)
    assert "\n" not in str(caught.value) and str(PATH) in str(caught.value)
