"""A fitted temperature has the least loss, is judged on other patients, and is left at 1 where it cannot be had."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from chestnut.errors import DataError
from chestnut.evaluation.calibration.temperature import calibrate, rescale_threshold


def images(patients, sureness=1.0, classes=2, seed=0, each=2):
    """Logits of a network that is `sureness` times as sure as it may be, with the classes and patients of images."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 1.5, (patients * each, classes))
    noise = draw.gumbel(size=logits.shape)
    return np.argmax(logits + noise, axis=1), logits * sureness, np.repeat(np.arange(patients), each)


def loss(targets, logits):
    return -log_softmax(logits, axis=1)[np.arange(len(targets)), targets].mean()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("sureness", [0.3, 3.0])
def test_it_is_the_temperature_of_least_loss(classes, sureness):
    targets, logits, owners = images(300, sureness, classes)
    found = calibrate(targets, logits, owners)
    best = minimize_scalar(lambda at: loss(targets, logits / np.exp(at)), bounds=(-5, 5), method="bounded")
    assert found.temperature == pytest.approx(np.exp(best.x), rel=1e-3)
    assert found.temperature == pytest.approx(sureness, rel=0.2)
    assert found.loss_before == pytest.approx(loss(targets, logits)) and found.reason == ""
    assert loss(targets, logits / found.temperature) < found.loss_after < found.loss_before
    assert found.error_after < found.error_before


def test_a_sigmoid_head_and_the_order_of_rows_change_nothing():
    targets, logits, owners = images(200, 2.5)
    one = calibrate(targets, logits[:, 1:] - logits[:, :1], owners)
    order = np.random.default_rng(1).permutation(len(targets))
    for other in (calibrate(targets, logits + 7, owners), calibrate(targets[order], logits[order], owners[order])):
        assert other.temperature == pytest.approx(one.temperature)
        assert other.loss_after == pytest.approx(one.loss_after)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (images(29, 3.0), "29 patients are too few to fit a temperature, which takes 30"),
        ((np.arange(40) < 9, np.eye(2)[np.zeros(40, int)], np.arange(40)), "9 patients of a class are too few"),
        ((np.arange(80) % 2, np.eye(2)[np.arange(80) % 2], np.arange(80)), "all images are decided correctly"),
        ((np.arange(80) % 2, np.eye(2)[1 - np.arange(80) % 2], np.arange(80)), "scores say nothing of the classes"),
        ((np.arange(80) % 2, np.ones((80, 2)), np.arange(80)), "scores say nothing of the classes"),
        (images(300), "a fitted temperature does not lower the loss of patients that it was not fitted to"),
    ],
)
def test_it_stays_1_and_says_why(given, reason):
    found = calibrate(*given)
    assert reason in found.reason and found.temperature == 1.0 and reason in str(found)
    assert (found.loss_after, found.error_after) == (None, None)


def test_one_wrong_image_does_not_make_the_others_sure():
    """Without it the loss has no least value, so it alone would say how sure the network may be of all others."""
    targets = np.arange(200) % 2
    logits = np.eye(2)[targets] * 4
    logits[0] = [0, 0.5]
    found = calibrate(targets, logits, np.arange(200))
    assert found.temperature == 1.0 and "does not lower the loss" in found.reason


def test_the_wrong_shape_is_refused():
    with pytest.raises(DataError, match=r"give \(n,\) and \(n, classes\)"):
        calibrate([0, 1], [[1.0, 2.0]], np.array([0, 1]))
    with pytest.raises(DataError, match="1 of 4 logits are NaN or infinite"):
        calibrate([0, 1], [[1.0, np.nan], [1.0, 2.0]], np.array([0, 1]))


@pytest.mark.parametrize("threshold", [0.0, 1e-9, 0.1, 0.5, 0.97, 1.0])
def test_a_threshold_decides_alike_at_every_temperature(threshold):
    logits = np.linspace(-12, 12, 1001)
    before, after = (1 / (1 + np.exp(-logits / temperature)) for temperature in (0.7, 3.0))
    moved = rescale_threshold(threshold, 0.7, 3.0)
    np.testing.assert_array_equal(before >= threshold, after >= moved)
    assert rescale_threshold(moved, 3.0, 0.7) == pytest.approx(threshold)
