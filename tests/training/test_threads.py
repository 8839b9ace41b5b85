"""Tests of the number of threads: set before the first operation, refused afterwards, and recorded."""

import keras
import pytest

from chestnut.errors import DeviceError
from chestnut.training.environment import environment
from chestnut.training.threads import count_threads, limit_threads


def test_a_process_that_has_computed_keeps_its_number_of_threads():
    keras.ops.sum(keras.ops.ones(3))
    count = count_threads()
    limit_threads(count)
    limit_threads(None)
    with pytest.raises(DeviceError, match=rf"threads={count + 1}: .* computed with {count} threads .* new process"):
        limit_threads(count + 1)
    assert environment("test").threads == count_threads() == count


@pytest.mark.parametrize("count", [0, -2])
def test_there_is_at_least_one_thread(count):
    with pytest.raises(DeviceError, match=rf"threads={count}: give 1 or more"):
        limit_threads(count)
