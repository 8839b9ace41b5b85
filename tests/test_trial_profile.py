"""The functions that the profile of a trial times are there."""

import pytest
from benchmarks.trial_profile.worker import STAGES, _replace


@pytest.mark.parametrize("place", [place for places in STAGES.values() for place in places])
def test_each_function_that_is_timed_exists(place):
    kept = []
    _replace(place, lambda function: kept.append(function) or function)
    assert callable(kept[0])
