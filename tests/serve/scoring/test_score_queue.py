"""`ScoreQueue`: images are scored in their order, together where they wait, and nobody waits in vain."""

import threading
import time
from types import SimpleNamespace

import pytest

from chestnut.errors import BundleError, OverloadedError
from chestnut.serve.scoring.queue import ScoreQueue


class Network:
    """Scores numbers: each is its own score, and one that is negative fails; it waits until it is let go."""

    name = "network"

    def __init__(self):
        self.go, self.batches = threading.Event(), []

    def score(self, images):
        self.batches.append(list(images))
        assert self.go.wait(5)
        if min(images) < 0:
            raise BundleError("negative")
        return [str(image) for image in images]


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def queue(network):
    queue = ScoreQueue(network, waiting=5, together=3)
    yield queue
    network.go.set()
    queue.close()


def wait_until(condition):
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def occupy(queue, network):
    """Give the network an image that it does not let go."""
    first = queue.submit(0)
    wait_until(lambda: network.batches)
    return first


def test_one_image_waits_for_nobody(queue, network):
    network.go.set()
    assert [queue.submit(number).result(5) for number in range(3)] == ["0", "1", "2"]
    assert network.batches == [[0], [1], [2]]


def test_images_that_wait_are_scored_together_in_their_order(queue, network):
    first = occupy(queue, network)
    others = [queue.submit(number) for number in range(1, 6)]
    network.go.set()
    assert [answer.result(5) for answer in (first, *others)] == list("012345")
    assert network.batches == [[0], [1, 2, 3], [4, 5]]


def test_an_image_that_takes_long_to_decode_holds_nobody_up(queue, network):
    network.go.set()
    with queue.decoding():
        assert queue.submit(1).result(5) == "1"


def test_one_that_fails_does_not_fail_the_others(queue, network):
    occupy(queue, network)
    answers = [queue.submit(number) for number in (1, -1, 2)]
    network.go.set()
    assert answers[0].result(5) == "1"
    with pytest.raises(BundleError, match="negative"):
        answers[1].result(5)
    assert answers[2].result(5) == "2"


def test_a_full_queue_says_when_to_come_again(queue, network):
    occupy(queue, network)
    for number in range(5):
        queue.submit(number)
    with pytest.raises(
        OverloadedError, match=r"5 images are waiting, and 5 may; send the images again later"
    ) as refused:
        queue.submit(6)
    assert refused.value.seconds >= 1
    assert queue.waiting == 5


def test_an_image_that_nobody_waits_for_is_not_scored(queue, network):
    occupy(queue, network)
    cancelled, kept = queue.submit(1), queue.submit(2)
    assert cancelled.cancel()
    network.go.set()
    assert kept.result(5) == "2"
    assert network.batches == [[0], [2]]


def test_an_image_whose_turn_comes_too_late_is_told_so(queue, network):
    occupy(queue, network)
    late = queue.submit(1, seconds=0)
    network.go.set()
    with pytest.raises(TimeoutError, match="too late"):
        late.result(5)
    assert network.batches == [[0]]


def test_a_queue_that_closes_finishes_what_waits_and_takes_no_more(queue, network):
    first, second = occupy(queue, network), queue.submit(1)
    threading.Timer(0.02, network.go.set).start()
    assert queue.close(5)
    assert (first.result(0), second.result(0)) == ("0", "1")
    with pytest.raises(OverloadedError, match="stopping"):
        queue.submit(2)


def test_what_is_not_finished_when_a_queue_closes_is_told_so(queue, network):
    occupy(queue, network)
    waiting = queue.submit(1)
    assert not queue.close(0.01)
    with pytest.raises(OverloadedError, match="has stopped"):
        waiting.result(0)


def test_batches_are_observed():
    seen = []
    queue = ScoreQueue(
        SimpleNamespace(name="quick", score=list), observe=lambda images, seconds: seen.append((images, seconds >= 0))
    )
    assert queue.submit(1).result(5) == 1
    assert queue.close()
    assert seen == [(1, True)]
    assert 0 < queue.pace < 1
