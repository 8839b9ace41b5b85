"""Every rule on curves drawn with one fault, and what holds for any curve."""

import math
import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.config import StopConfig, load_recipe, recipe_names
from chestnut.config.classical import ClassicalConfig
from chestnut.diagnosis import remedies
from chestnut.diagnosis.case import Case
from chestnut.diagnosis.diagnosis import apply_rules
from chestnut.diagnosis.learning_curves import Curves
from chestnut.diagnosis.rules import RULES

RECIPE = load_recipe("cnn-small")
FALLING = [0.60, 0.45, 0.34, 0.26, 0.20, 0.16, 0.13, 0.11, 0.10, 0.095, 0.092, 0.090]


def case(loss=FALLING, val_loss=None, accuracy=None, val_accuracy=None, *, changes=(), **more):
    """A run of a balanced set of 1,000 training and 200 validation images, each of its own patient."""
    loss = list(loss)
    val_loss = [max(value, 0.13) + 0.02 for value in loss] if val_loss is None else list(val_loss)
    accuracy = [1 - value / 2 for value in loss] if accuracy is None else accuracy
    columns = {
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": val_loss,
        "val_accuracy": [value - 0.01 for value in accuracy] if val_accuracy is None else val_accuracy,
        "val_auroc": more.pop("val_auroc", [0.9] * len(loss)),
        "learning_rate": [1e-3] * len(loss),
        "seconds": [2.0] * len(loss),
    }
    facts = {"train": (500, 500), "val": (100, 100), "val_patients": (100, 100), "ended": "early"} | more
    return Case(Curves.of(columns), RECIPE.changed(changes) if changes else RECIPE, **facts)


def found(made):
    return {one.name: one for one in apply_rules(made).advice}


def results(val, test, reach=0.02):
    return {
        name: {
            metric: {"value": value, "low": value - reach, "high": value + reach} for metric in ("accuracy", "auroc")
        }
        for name, value in (("val", val), ("test", test))
    }


def test_a_sound_run_gets_no_advice_and_is_told_why():
    answer = apply_rules(case())
    assert (answer.advice, answer.verdict) == ((), "sound")
    assert answer.headline == "Nothing to change: no rule found a fault. Validation AUROC is 0.900."
    assert set(answer.passed) == set(RULES) - {"shortcut-or-shift"}
    assert "0.693 (guessing" in answer.summary and "epoch 7 of 12" in answer.summary


def evaluated(value, low, high):
    return {"val": {"auroc": {"value": value, "low": low, "high": high, "undefined": 0}}}


def test_a_note_is_not_called_nothing():
    answer = apply_rules(case([2.0, *FALLING[1:]]))
    assert [one.severity for one in answer.advice] == ["info"] and answer.verdict == "sound"
    assert answer.headline.startswith("No finding calls for a change; see the note below.")


def test_a_finding_leads():
    answer = apply_rules(case(accuracy=[0.95] * 12, val_accuracy=[0.75] * 12, results=evaluated(0.7, 0.6, 0.8)))
    assert answer.headline == (
        "One finding calls for a change: training is ahead of validation from epoch 1 on. "
        "Validation AUROC is only 0.700 (0.600–0.800)."
    )


@pytest.mark.parametrize("notes", [False, True])
def test_a_low_auroc_is_said_even_without_findings(notes):
    loss = [2.0, *FALLING[1:]] if notes else FALLING
    answer = apply_rules(case(loss, results=evaluated(0.72, 0.61, 0.81)))
    assert answer.verdict == "weak" and bool(answer.advice) == notes
    assert "but validation AUROC is only 0.720 (0.610–0.810)" in answer.headline
    assert "mobilenet-v2" in answer.headline and "may also not show the answer" in answer.headline
    backbone = case(loss, results=evaluated(0.72, 0.61, 0.81))
    backbone = replace(backbone, recipe=load_recipe("mobilenet-v2"))
    assert "model.unfreeze" in apply_rules(backbone).headline


def test_too_little_to_judge_is_said():
    answer = apply_rules(case(FALLING[:2], ended="interrupted"))
    assert answer.verdict == "open" and "had too little to judge" in answer.headline
    assert apply_rules(case([])).headline == "It is too early to judge."


def test_a_classical_network_is_not_judged_by_curves_but_by_its_figure():
    made = replace(case([0.2], results=evaluated(0.95, 0.9, 0.98)), recipe=load_recipe("hog-logistic"))
    answer = apply_rules(made)
    assert answer.headline.startswith("hog-logistic is fitted") and "0.950 (0.900–0.980)" in answer.headline
    assert apply_rules(replace(made, results=evaluated(0.6, 0.5, 0.7))).verdict == "weak"


def test_a_notebook_shows_the_headline_and_every_finding():
    answer = apply_rules(case(accuracy=[0.95] * 12, val_accuracy=[0.75] * 12))
    page = answer._repr_html_()
    assert answer.headline in page and all(one.title in page for one in answer.advice)
    assert "shortcut-or-shift" in page


def test_a_loss_that_is_not_finite_silences_all_other_rules():
    answer = apply_rules(case([0.6, 0.5, math.nan]))
    assert [one.name for one in answer.advice] == ["diverged"]
    assert "from epoch 3 on" in answer.advice[0].evidence
    assert set(answer.skipped.values()) == {"the loss diverged"}


def test_a_run_that_failed_is_told_in_its_own_words():
    made = case([], error="the loss became nan in epoch 1, batch 3 of 5: most often the rate is too high; try")
    assert "ended when the loss became nan in epoch 1, batch 3 of 5. The usual" in found(made)["diverged"].evidence


def test_a_loss_that_goes_up_and_down_is_a_rate_too_high():
    advice = found(case([0.6, 0.5, 0.65, 0.4, 0.6, 0.42, 0.55, 0.45]))["rate-too-high"]
    assert "rose in 3 of 7 steps" in advice.evidence
    assert advice.settings == ("optim.learning_rate=0.0003",)


def test_a_bad_start_from_which_the_network_recovers_asks_for_a_warm_up():
    advice = found(case([2.0, *FALLING[1:]]))["rate-too-high"]
    assert (advice.severity, advice.settings) == ("info", ("optim.schedule.warmup=1",))


def test_a_straight_slow_fall_is_a_rate_too_low():
    made = case([0.69 - 0.002 * epoch for epoch in range(10)], changes=["optim.name=sgd"])
    advice = found(made)["rate-too-low"]
    assert "would take 1" in advice.evidence and advice.settings == ("optim.learning_rate=0.003",)


def test_levelled_off_high_is_underfitting():
    assert found(case([0.6, 0.55, 0.52, 0.51, 0.505, 0.505, 0.505, 0.505]))["underfitting"].severity == "warning"


def test_overfitting_tells_where_it_starts_and_what_patience_would_have_lost():
    val = [0.5, 0.4, 0.45, 0.3, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6]
    advice = found(case(val_loss=val, ended="epochs"))["overfitting"]
    assert advice.title == "Overfitting from epoch 6 on"
    assert "A patience of 2 would have kept the same epoch and saved 5 of 12 epochs." in advice.evidence
    assert "A patience of 1 would have kept epoch 2 and lost 0.150 in the validation loss." in advice.evidence
    assert any(setting.startswith("augment.") for setting in advice.settings)


def test_a_lead_of_training_counts_only_beyond_what_the_patients_explain():
    ahead = {"accuracy": [0.95] * 12, "val_accuracy": [0.75] * 12}
    assert "of 200 patients explain a difference of" in found(case(**ahead))["running-ahead"].evidence
    assert "running-ahead" not in found(case(**ahead, val_patients=(5, 5)))


def test_ranking_that_improves_while_the_loss_rises():
    val = [0.5, 0.45, 0.44, 0.45, 0.46, 0.46, 0.47, 0.48]
    made = case(FALLING[:8], val, val_auroc=[0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.91, 0.92])
    assert found(made)["loss-against-ranking"].settings == ("train.stop.metric=val_auroc",)
    by_ranking = replace(made, recipe=made.recipe.changed(["train.stop.metric=val_auroc"]))
    assert "loss-against-ranking" not in found(by_ranking)


def test_a_drop_to_the_test_split_larger_than_the_lead_is_a_shift():
    made = case(results=results(0.94, 0.80), probes=(("only the border", 0.94),))
    advice = found(made)["shortcut-or-shift"]
    assert "0.940 in validation to 0.800" in advice.evidence and "only the border reached AUROC 0.94" in advice.evidence
    assert "shortcut-or-shift" not in found(case(results=results(0.94, 0.93)))
    assert "shortcut-or-shift" not in found(case(results=results(0.94, 0.80, reach=0.2)))


def test_a_drop_smaller_than_the_lead_is_left_to_overfitting():
    made = case(accuracy=[0.99] * 12, val_accuracy=[0.7] * 12, results=results(0.7, 0.6))
    assert "shortcut-or-shift" not in found(made)


def test_a_test_split_that_nobody_evaluated_is_not_asked_for():
    assert "does not evaluate it" in apply_rules(case()).skipped["shortcut-or-shift"]


@pytest.mark.parametrize(("patients", "severity"), [(500, "warning"), (10, "info")])
def test_jumps_are_weighed_against_the_patients_behind_them(patients, severity):
    val = [0.8, 0.7, 0.82, 0.7, 0.82, 0.72, 0.83, 0.72, 0.84, 0.74, 0.85, 0.85]
    advice = found(case(val_accuracy=val, val=(patients, patients), val_patients=(patients, patients)))
    assert advice["jumping-validation"].severity == severity
    assert f"of {2 * patients:,} patients" in advice["jumping-validation"].evidence


def test_early_stopping_while_the_metric_still_improves_is_too_short_a_patience():
    val = [0.68, 0.66, 0.67, 0.62, 0.63, 0.60, 0.61]
    made = case([0.68, 0.66, 0.64, 0.62, 0.6, 0.58, 0.56], val, changes=["train.stop.patience=1"])
    assert found(made)["patience-too-short"].settings == ("train.stop.patience=4",)


def test_many_epochs_after_the_best_are_counted_and_a_shorter_patience_named():
    val = [0.5, 0.4, 0.3, *[0.31] * 9]
    advice = found(case(val_loss=val, ended="epochs", changes=["train.stop.patience=0"]))["patience-too-long"]
    assert "saved 6 epochs (12 s)" in advice.evidence
    assert advice.settings == ("train.stop.patience=3",)


def test_a_run_that_ends_on_its_best_epoch_had_too_few():
    advice = found(case(FALLING[:5], ended="epochs"))["too-few-epochs"]
    assert advice.settings == ("train.epochs=40",)
    assert "too-few-epochs" not in found(case(FALLING[:5], ended="early"))


VALUES = st.one_of(st.floats(0, 5), st.floats(0, 1), st.sampled_from([math.nan, math.inf, -math.inf, 1e300]))
NAMES = (
    *("loss", "accuracy", "val_loss", "val_accuracy", "val_balanced_accuracy", "val_auroc"),
    *("learning_rate", "seconds"),
)
METRICS = get_args(StopConfig.model_fields["metric"].annotation)
#: The others are fitted, not trained by steps, and get no advice.
TRAINED = [recipe for recipe in map(load_recipe, recipe_names()) if not isinstance(recipe.model, ClassicalConfig)]


@st.composite
def any_case(draw):
    epochs = draw(st.integers(0, 12))
    names = draw(st.sets(st.sampled_from(NAMES)))
    counts = st.lists(st.integers(0, 300), max_size=3).map(tuple)
    changes = [
        f"train.stop.metric={draw(st.sampled_from(METRICS))}",
        f"train.stop.patience={draw(st.integers(0, 6))}",
        f"data.balance={draw(st.sampled_from(['none', 'weights']))}",
        f"optim.learning_rate={draw(st.sampled_from([1e-7, 1e-3, 10.0]))}",
    ]
    return Case(
        Curves.of({name: draw(st.lists(VALUES, min_size=epochs, max_size=epochs)) for name in sorted(names)}),
        draw(st.sampled_from(TRAINED)).changed(changes),
        *(draw(counts) for _ in range(3)),
        ended=draw(st.sampled_from(["", "early", "epochs", "interrupted"])),
        best=draw(st.sampled_from([None, 0, 1, epochs])),
        results=draw(st.sampled_from([{}, results(0.9, 0.5), {"val": {}, "test": {"accuracy": {"value": None}}}])),
    )


@settings(max_examples=100, deadline=None)
@given(any_case())
def test_no_curve_is_too_strange_and_what_is_proposed_changes_the_recipe(made):
    answer = apply_rules(made)
    assert {one.name for one in answer.advice} | set(answer.passed) | set(answer.skipped) == set(RULES)
    for one in answer.advice:
        assert one.settings == () or made.recipe.changed(one.settings) != made.recipe
    severe = any(one.severity != "info" for one in answer.advice)
    assert severe == (answer.verdict == "mend")
    assert severe == bool(re.match(r"(One|\d+) findings? calls? for a change", answer.headline))
    if answer.headline.startswith("Nothing to change"):
        assert not answer.advice and answer.verdict == "sound"
    if answer.auroc and answer.auroc.value < 0.8:
        assert f"AUROC is only {answer.auroc}" in answer.headline
    order = [one.severity for one in answer.advice]
    assert order == sorted(order, key=["error", "warning", "info"].index)


@settings(max_examples=50, deadline=None)
@given(any_case(), st.floats(0, 1))
def test_columns_that_no_rule_knows_change_nothing(made, value):
    more = {**made.curves.columns, "another": Curves.of({"x": [value] * made.curves.epochs})["x"]}
    again = replace(made, curves=Curves(more, made.curves.epochs))
    assert repr(apply_rules(again)) == repr(apply_rules(made))


@given(st.integers(1, 30), st.sampled_from(["early", "epochs", "interrupted"]), st.integers(1, 400))
def test_a_perfect_flat_curve_has_nothing_to_mend(epochs, ended, patients):
    made = case(
        [0.001] * epochs, [0.001] * epochs, [1.0] * epochs, [1.0] * epochs, val_auroc=[1.0] * epochs,
        ended=ended, val_patients=(patients, patients), results=results(1.0, 1.0),
    )  # fmt: skip
    assert [one for one in apply_rules(made).advice if one.severity != "info"] == []


@pytest.mark.parametrize("recipe", TRAINED, ids=lambda recipe: recipe.name)
def test_remedies_change_every_recipe_that_comes_with_chestnut(recipe):
    for _ in range(4):
        for settings_ in (remedies.loosen(recipe), remedies.restrain(recipe), remedies.rate(recipe, 0.1)):
            assert recipe.changed(settings_) != recipe
        recipe = recipe.changed(remedies.restrain(recipe))
