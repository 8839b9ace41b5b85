"""Networks really trained with a fault that takes longer to show."""

import pytest

from chestnut.diagnosis.diagnosis import apply_rules
from faults import trained

pytestmark = pytest.mark.slow


def found(name):
    return {one.name: one for one in apply_rules(trained(name)).advice}


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("underfitting", "model.l2=0.0"),
        ("overfitting", "augment.rotation=5"),
        ("too-few-epochs", "train.epochs=10"),
        ("patience-too-short", "train.stop.patience=4"),
        ("jumping-validation", "data.fractions=[0.60, 0.25, 0.15]"),
    ],
)
def test_the_rule_on_the_fault_speaks(name, setting):
    assert found(name)[name].settings[0] == setting


def test_jumps_of_a_few_patients_are_no_fault_of_the_training():
    assert found("jumping-validation")["jumping-validation"].severity == "info"


def test_a_network_that_learns_well_has_nothing_to_mend():
    answer = apply_rules(trained("sound"))
    assert answer.verdict == "sound", [one.title for one in answer.advice]
