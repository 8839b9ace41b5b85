"""Tests of class weights and of the order in which images are drawn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from chestnut.training.class_balance import class_weights, epoch_length, epoch_order, seen_shares

labels = st.lists(st.integers(0, 2), min_size=6, max_size=60).map(lambda found: np.array([0, 1, 2, *found]))


@given(labels)
def test_weights_are_those_of_scikit_learn(targets):
    expected = compute_class_weight("balanced", classes=np.arange(3), y=targets)
    np.testing.assert_allclose(class_weights(targets, 3), expected, rtol=1e-6)


@given(labels, st.integers(0, 5))
def test_without_sampling_every_image_comes_once(targets, epoch):
    assert sorted(epoch_order(targets, "none", 1, epoch)) == list(range(len(targets)))


@given(labels, st.integers(0, 5))
def test_oversampling_shows_every_image_and_evens_the_classes(targets, epoch):
    order = epoch_order(targets, "oversample", 1, epoch)
    assert set(order) == set(range(len(targets)))
    assert len(set(np.bincount(targets[order]))) == 1
    assert len(order) == epoch_length(targets, "oversample")


@given(labels, st.integers(0, 5))
def test_undersampling_repeats_no_image_and_evens_the_classes(targets, epoch):
    order = epoch_order(targets, "undersample", 1, epoch)
    assert len(set(order)) == len(order)
    assert set(np.bincount(targets[order])) == {np.bincount(targets).min()}


def test_orders_differ_by_epoch_and_repeat_by_seed():
    targets = np.arange(100) % 2
    assert not np.array_equal(epoch_order(targets, "none", 0, 0), epoch_order(targets, "none", 0, 1))
    np.testing.assert_array_equal(epoch_order(targets, "none", 3, 4), epoch_order(targets, "none", 3, 4))


def test_shares_are_those_the_loss_sees():
    targets = np.array([0, 1, 1, 1])
    np.testing.assert_allclose(seen_shares(targets, 2, "none"), [0.25, 0.75])
    np.testing.assert_allclose(seen_shares(targets, 2, "weights"), [0.5, 0.5])
