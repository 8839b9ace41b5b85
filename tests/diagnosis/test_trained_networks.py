"""Networks really trained with a fault: the rule that is about it speaks. Those that take longer are in tests/slow."""

import pytest

from chestnut.diagnosis.diagnosis import apply_rules
from faults import trained


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rate-too-high", "rate-too-low", "diverged"])
def test_the_worst_advice_is_on_the_fault(name):
    advice = apply_rules(trained(name)).advice
    assert advice[0].name == name
    assert advice[0].settings[0].startswith("optim.learning_rate=")
