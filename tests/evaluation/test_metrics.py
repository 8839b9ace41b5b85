"""Metrics against scikit-learn and against a slow loop that repeats the images of every drawn patient."""

from __future__ import annotations

import html
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from chestnut.errors import DataError
from chestnut.evaluation.calibration.error import equal_mass_bins
from chestnut.evaluation.intervals.resamples import bootstrap, resamples
from chestnut.evaluation.metric_names import CLASS_METRICS, METRICS, SHOWN
from chestnut.evaluation.metrics import Evaluation, decide, evaluate, point_metrics
from chestnut.evaluation.patient_tally import Tally
from chestnut.evaluation.patients import number_patients
from chestnut.files.json_files import json_text

NAMES = ("NORMAL", "PNEUMONIA", "COVID", "OTHER")


def sample(seed=0, n=120, k=2, ties=False, patients=40):
    """Targets with every class, probabilities that know something of them, and patients."""
    rng = np.random.default_rng(seed)
    targets = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    logits = rng.normal(0, 1, (n, k)) + 1.2 * np.eye(k)[targets]
    if ties:
        logits = logits.round()
    weights = np.exp(logits)
    owners = rng.integers(0, patients, n)
    return targets, weights / weights.sum(axis=1, keepdims=True), np.char.add("p", owners.astype(str))


def ratio(above, below):
    """A quotient, infinite where only the denominator is zero."""
    return above / below if below else math.inf if above else math.nan


def view_by_sklearn(truth, decided, scores, weight):
    """One class against the rest."""
    counted = {"sample_weight": weight}
    found, passed = sk.recall_score(truth, decided, **counted), sk.recall_score(~truth, ~decided, **counted)
    return {
        "sensitivity": found,
        "specificity": passed,
        "precision": sk.precision_score(truth, decided, zero_division=np.nan, **counted),
        "npv": sk.precision_score(~truth, ~decided, zero_division=np.nan, **counted),
        "f1": sk.f1_score(truth, decided, **counted),
        "auroc": sk.roc_auc_score(truth, scores, **counted),
        "auprc": sk.average_precision_score(truth, scores, **counted),
        "brier": sk.brier_score_loss(truth, scores, **counted),
        "mcc": sk.matthews_corrcoef(truth, decided, **counted),
        "lr_positive": ratio(found, 1 - passed),
        "lr_negative": ratio(1 - found, passed),
    }


def all_by_sklearn(targets, probabilities, decided, weight):
    """Every metric but the calibration error, for weights that leave no class out."""
    k = probabilities.shape[1]
    views = [
        view_by_sklearn(targets == c, decided == c, probabilities[:, c], weight) for c in ([1] if k == 2 else range(k))
    ]
    counted = {"sample_weight": weight}
    return {name: np.mean([view[name] for view in views]) for name in views[0]} | {
        "loss": sk.log_loss(targets, probabilities, labels=range(k), **counted),
        "accuracy": sk.accuracy_score(targets, decided, **counted),
        "balanced_accuracy": sk.balanced_accuracy_score(targets, decided, **counted),
        "brier": sum(view["brier"] for view in views),
        "mcc": sk.matthews_corrcoef(targets, decided, **counted),
    }


def agree(found, expected):
    for name, value in expected.items():
        if isinstance(found[name], np.ndarray):
            np.testing.assert_allclose(found[name][0], value, atol=1e-10, err_msg=name)
        else:
            assert found[name].value == (pytest.approx(value, abs=1e-10) if np.isfinite(value) else None), name


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 4), ties=st.booleans())
def test_agrees_with_scikit_learn(seed, k, ties):
    targets, probabilities, patients = sample(seed, n=60, k=k, ties=ties)
    evaluation = evaluate(targets, probabilities, patients, NAMES[:k], resamples=1)
    decided = decide(probabilities)
    agree(evaluation.metrics, all_by_sklearn(targets, probabilities, decided, None))
    assert np.array_equal(evaluation.confusion, sk.confusion_matrix(targets, decided))
    for number, name in enumerate(evaluation.per_class):
        expected = view_by_sklearn(targets == number, decided == number, probabilities[:, number], None)
        agree(evaluation.per_class[name], expected)


@pytest.mark.parametrize(("k", "ties"), [(2, False), (2, True), (3, True)])
def test_resamples_equal_weighted_and_repeated_images(k, ties):
    targets, probabilities, patients = sample(3, k=k, ties=ties)
    owners, distinct = number_patients(patients)
    decided = decide(probabilities)
    tally = Tally.of(targets, probabilities, decided, owners, 1)
    block = next(resamples(distinct, len(targets), 5, seed=1))
    figures = tally.figures(block)[0]
    for column in range(block.shape[1]):
        weight = block[owners, column]
        rows = np.repeat(np.arange(len(targets)), weight.astype(int))
        found = {name: figures[name][column : column + 1] for name in METRICS}
        agree(found, all_by_sklearn(targets, probabilities, decided, weight))
        agree(found, all_by_sklearn(targets[rows], probabilities[rows], decided[rows], None))


def test_calibration_error_of_resamples_equals_a_slow_loop():
    targets, probabilities, patients = sample(5, n=200)
    owners, distinct = number_patients(patients)
    tally = Tally.of(targets, probabilities, decide(probabilities), owners, 1)
    block = next(resamples(distinct, len(targets), 8, seed=2))
    bins = equal_mass_bins(probabilities[:, 1])
    for column in range(block.shape[1]):
        rows = np.repeat(np.arange(len(targets)), block[owners, column].astype(int))
        slow = sum(
            (bins[rows] == b).mean() * abs((probabilities[rows, 1] - targets[rows])[bins[rows] == b].mean())
            for b in np.unique(bins[rows])
        )
        assert tally.figures(block)[0]["calibration_error"][column] == pytest.approx(slow)


def test_order_of_images_and_names_of_patients_do_not_matter():
    targets, probabilities, patients = sample(7, k=3)
    order = np.random.default_rng(0).permutation(len(targets))
    one = evaluate(targets, probabilities, patients, NAMES[:3], resamples=100)
    other = evaluate(targets[order], probabilities[order], patients[order], NAMES[:3], resamples=100)
    assert one.confusion == other.confusion
    for name in METRICS:
        assert (one.metrics[name].value, one.metrics[name].low) == pytest.approx(
            (other.metrics[name].value, other.metrics[name].low), abs=1e-12
        )


def test_the_seed_repeats_and_changes_the_intervals():
    arguments = (*sample(8), NAMES[:2])
    assert evaluate(*arguments, resamples=100, seed=4) == evaluate(*arguments, resamples=100, seed=4)
    assert evaluate(*arguments, resamples=100, seed=4).metrics != evaluate(*arguments, resamples=100, seed=5).metrics


def test_repeated_images_of_a_patient_add_no_certainty():
    targets, probabilities, _ = sample(9, n=100)
    five = np.repeat(np.arange(100), 5)
    patients = np.arange(100).astype(str)

    def width(rows, owners):
        estimate = evaluate(targets[rows], probabilities[rows], owners, NAMES[:2], resamples=500).metrics["auroc"]
        return estimate.high - estimate.low

    single, by_patient = width(np.arange(100), patients), width(five, patients[five])
    naive = width(five, np.arange(500).astype(str))
    assert by_patient == pytest.approx(single, rel=1e-9)
    assert naive < 0.6 * by_patient


ONE_CLASS = ("balanced_accuracy", "specificity", "npv", "auroc", "auprc", "mcc", "lr_positive", "lr_negative")


def test_one_class_only_leaves_undefined_what_needs_two():
    evaluation = evaluate([1, 1, 1, 1], [[0.3, 0.7]] * 4, list("abcd"), NAMES[:2], resamples=20)
    assert {name for name, estimate in evaluation.metrics.items() if estimate.value is None} == set(ONE_CLASS)
    assert evaluation.metrics["sensitivity"].value == 1
    assert any("No image of NORMAL" in note for note in evaluation.notes)
    assert math.isnan(point_metrics([1, 1], [[0.3, 0.7]] * 2)["auroc"])


def test_an_absent_class_is_left_out_of_means_and_said_aloud():
    targets, probabilities, patients = sample(2, k=2)
    wider = np.c_[probabilities * 0.99, np.full(len(targets), 0.01)]
    evaluation = evaluate(targets, wider, patients, NAMES[:3], resamples=50)
    parts = evaluation.per_class
    assert parts["COVID"]["auroc"].value is None
    assert evaluation.metrics["auroc"].value == pytest.approx(
        np.mean([parts[name]["auroc"].value for name in NAMES[:2]])
    )
    assert "No image of COVID" in evaluation.notes[0]
    only = evaluate([0, 0], [[0.8, 0.1, 0.1]] * 2, ["a", "b"], NAMES[:3], resamples=5)
    assert only.metrics["auroc"].value is None and only.metrics["accuracy"].value == 1


def test_never_deciding_a_class_leaves_its_precision_undefined():
    evaluation = evaluate([0, 1, 0, 1], [[0.9, 0.1]] * 4, list("abcd"), NAMES[:2], resamples=20)
    assert evaluation.metrics["precision"].value is None
    assert evaluation.metrics["mcc"].value is None
    assert evaluation.metrics["f1"].value == 0
    assert evaluation.metrics["auroc"].value == 0.5  # all tied
    assert "precision, MCC, LR+" in evaluation.notes[0]


def test_two_patients_of_a_class_have_an_interval_and_a_warning():
    targets = np.r_[np.zeros(28, int), 1, 1]
    scores = np.linspace(0.1, 0.9, 30)
    evaluation = evaluate(targets, np.c_[1 - scores, scores], np.arange(30), NAMES[:2], resamples=400)
    area = evaluation.metrics["auroc"]
    assert area.value == 1 and area.high == 1 and 0.3 < area.low < 0.6 and area.undefined == 0
    assert evaluation.metrics["sensitivity"].low == pytest.approx(0.025**0.5)
    widest = "so few leave wide intervals, the widest that of sensitivity (0.16–1.00)."
    assert evaluation.notes[-1] == f"Only 28 with NORMAL, 2 with PNEUMONIA of 30 patients: {widest}"


def test_a_single_patient_has_no_interval():
    evaluation = evaluate([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]], ["a"] * 3, NAMES[:2], resamples=10)
    assert evaluation.metrics["auroc"].value == 1 and evaluation.metrics["auroc"].low is None
    assert evaluation.summary("accuracy") == "1.000"
    assert "no intervals" in evaluation.notes[-1]


def test_certainty_and_perfection_do_not_crash():
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0]] * 4)
    right = evaluate([0, 1] * 4, probabilities, np.arange(8), NAMES[:2], resamples=50)
    wrong = evaluate([1, 0] * 4, probabilities, np.arange(8), NAMES[:2], resamples=50)
    assert right.metrics["loss"].value == 0
    assert wrong.metrics["loss"].value == pytest.approx(-math.log(np.finfo(np.float32).eps))
    assert any("Only 8 patients" in note for note in right.notes)
    for evaluation in (right, wrong):
        for name, one in evaluation.metrics.items():
            assert one.low is None or one.high is None or one.low < one.high, name


def test_the_positive_class_may_come_first():
    targets, probabilities, patients = sample(4)
    last = evaluate(targets, probabilities, patients, NAMES[:2], threshold=0.3, resamples=20)
    first = evaluate(1 - targets, probabilities[:, ::-1], patients, NAMES[1::-1], "PNEUMONIA", 0.3, resamples=20)
    assert last.metrics == first.metrics and first.positive == "PNEUMONIA"
    assert first.confusion == tuple(row[::-1] for row in last.confusion[::-1])


def sample_with_false_alarms(number, patients=60):
    """Half the patients are positive and found; `number` of the others are decided positive."""
    targets = np.arange(patients) % 2
    scores = np.where(targets == 1, 0.9, 0.1)
    scores[np.flatnonzero(targets == 0)[:number]] = 0.8
    scores[1] = 0.2
    return targets, np.c_[1 - scores, scores], np.arange(patients)


def test_likelihood_ratios_follow_from_sensitivity_and_specificity():
    found = evaluate(*sample_with_false_alarms(6), NAMES[:2], resamples=300).metrics
    sensitivity, specificity = found["sensitivity"].value, found["specificity"].value
    assert found["lr_positive"].value == pytest.approx(sensitivity / (1 - specificity))
    assert found["lr_negative"].value == pytest.approx((1 - sensitivity) / specificity)
    for name in ("npv", "lr_positive", "lr_negative"):
        assert found[name].low < found[name].value < found[name].high


def test_an_infinite_likelihood_ratio_has_a_lower_end_alone():
    few = evaluate(*sample_with_false_alarms(1), NAMES[:2], resamples=300).metrics["lr_positive"]
    assert few.value == pytest.approx(29 / 30 / (1 / 30)) and few.low < few.value < few.high
    none = evaluate(*sample_with_false_alarms(0), NAMES[:2], resamples=300)
    infinite = none.metrics["lr_positive"]
    assert infinite.value is None and infinite.high is None and 5 < infinite.low < few.value
    assert str(infinite) == f"∞ ({infinite.low:.3f}–∞)"
    assert any(note.startswith("Infinite on these images") and note.endswith(": LR+.") for note in none.notes)
    assert not any("Undefined" in note for note in none.notes)


@pytest.mark.parametrize("k", [2, 3])
def test_an_evaluation_of_an_older_version_gains_what_its_confusion_matrix_gives(k):
    whole = evaluate(*sample(3, k=k), NAMES[:k], resamples=20)
    values = json.loads(json_text(whole.to_dict()))
    for figures in (values["metrics"], *values["per_class"].values()):
        for name in ("npv", "lr_positive", "lr_negative"):
            del figures[name]
    del values["intervals"]
    read = Evaluation.from_dict(values)
    assert whole.intervals == "patients-2" and read.intervals == "percentile"
    for name in METRICS:
        assert read.metrics[name].value == pytest.approx(whole.metrics[name].value), name
    assert read.metrics["npv"].low is None and read.metrics["auroc"] == whole.metrics["auroc"]
    for label, figures in whole.per_class.items():
        assert read.per_class[label]["npv"].value == pytest.approx(figures["npv"].value)


def test_every_metric_is_shown():
    assert set(SHOWN) == set(METRICS)


@pytest.mark.parametrize("k", [2, 3])
def test_a_notebook_shows_every_metric_and_note_without_trusting_names(k):
    names = ("<b>one</b>", *NAMES[1:k])
    evaluation = evaluate(*sample(1, n=40, k=k, patients=12), names, resamples=20)
    page = evaluation._repr_html_()
    assert "<b>one</b>" not in page and "&lt;b&gt;one&lt;/b&gt;" in page
    assert str(evaluation.metrics["auroc"]) in page and "LR+" in page
    assert evaluation.notes and all(html.escape(note) in page for note in evaluation.notes)


def test_decide_takes_the_threshold_itself():
    assert decide([[0.7, 0.3], [0.71, 0.29]], 0.3).tolist() == [1, 0]
    assert decide([[0.3, 0.7], [0.2, 0.8]], 0.3, positive=0).tolist() == [0, 1]
    assert decide([[0.2, 0.5, 0.3]], 0.9).tolist() == [1]


@pytest.mark.parametrize("k", [2, 3])
def test_point_metrics_agree_with_evaluate(k):
    targets, probabilities, patients = sample(6, k=k)
    evaluation = evaluate(targets, probabilities, patients, NAMES[:k], resamples=1)
    for name, value in point_metrics(targets, probabilities).items():
        assert value == pytest.approx(evaluation.metrics[name].value), name


def test_point_metrics_of_a_diverged_network_are_not_numbers():
    assert all(math.isnan(value) for value in point_metrics([0, 1], [[np.nan, np.nan]] * 2).values())


@pytest.mark.parametrize("k", [2, 3])
def test_json_holds_everything_and_reads_back(k):
    evaluation = evaluate(*sample(1, k=k), NAMES[:k], resamples=20)
    values = json.loads(json_text(evaluation.to_dict()))
    assert Evaluation.from_dict(values) == evaluation
    assert set(values["metrics"]) == set(METRICS) and values["confidence"] == 0.95
    assert set(values["metrics"]["auroc"]) == {"value", "low", "high", "undefined"}
    assert list(values["per_class"]) == (list(NAMES[:3]) if k == 3 else [])
    assert all(set(figures) == set(CLASS_METRICS) for figures in values["per_class"].values())


def test_summary_reads_well_and_knows_its_names():
    evaluation = evaluate(*sample(1, k=3), NAMES[:3], resamples=50)
    estimate = evaluation.metrics["auroc"]
    assert evaluation.summary("auroc") == f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"
    assert evaluation.summary("auroc", "COVID") == str(evaluation.per_class["COVID"]["auroc"])
    with pytest.raises(DataError, match="did you mean auroc"):
        evaluation.summary("auroc_")
    with pytest.raises(DataError, match="did you mean COVID"):
        evaluation.summary("auroc", "COVYD")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": [], "probabilities": np.empty((0, 2)), "patients": []}, "no images"),
        ({"targets": [0, 1, 1]}, r"targets of shape \(3,\)"),
        ({"targets": [0, -1]}, "a target is -1"),
        ({"targets": [0, 2]}, "a target is 2"),
        ({"targets": ["a", "b"]}, "give whole numbers"),
        ({"probabilities": [[0.5, 0.6], [0.5, 0.5]]}, "rows that sum to 1"),
        ({"probabilities": [[-0.1, 1.1], [0.5, 0.5]]}, "none below 0"),
        ({"probabilities": [[np.nan, 1.0], [0.5, 0.5]]}, "are NaN or infinite"),
        ({"patients": ["a"]}, "1 patients for 2 images"),
        ({"classes": ["a"]}, "name each column once"),
        ({"positive": "c"}, "'c' is not in the data"),
        ({"threshold": 1.5}, "threshold=1.5"),
        ({"resamples": 0}, "resamples=0"),
    ],
)
def test_bad_input_is_refused_in_one_line(changes, message):
    given_ = {"targets": [0, 1], "probabilities": [[0.5, 0.5]] * 2, "patients": ["x", "y"], "classes": ["a", "b"]}
    with pytest.raises(DataError, match=message) as caught:
        evaluate(**given_ | changes)
    assert "\n" not in str(caught.value)


def test_a_positive_class_of_three_and_a_foreign_dictionary_are_refused():
    with pytest.raises(DataError, match="one where there are two"):
        evaluate([0, 1, 2], np.full((3, 3), 1 / 3), list("abc"), NAMES[:3], positive="COVID")
    with pytest.raises(DataError, match="not an evaluation"):
        Evaluation.from_dict({"metrics": {}})


def test_two_thousand_resamples_of_a_thousand_images_in_one_call():
    targets, probabilities, patients = sample(0, n=1000, patients=500)
    owners, distinct = number_patients(patients)
    tally = Tally.of(targets, probabilities, decide(probabilities), owners, 1)
    drawn = bootstrap(lambda counts: tally.figures(counts)[0]["auroc"][None], distinct, 1000, 2000, seed=0)
    assert drawn.shape == (1, 2000) and np.isfinite(drawn).all()
