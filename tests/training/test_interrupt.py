"""Tests of Ctrl-C during training: recorded first, and handled at the end of a batch."""

import signal
import threading

import pytest

from chestnut.training.interrupt import Interrupt


@pytest.fixture
def python_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_is_recorded_and_raised_at_the_end_of_a_batch(python_handler):
    with Interrupt() as interrupt:
        interrupt.batch(1)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupt.batch(2)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_interrupts_at_once(python_handler):
    with Interrupt():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("theirs", [signal.SIG_IGN, lambda *_: None])
def test_other_handlers_of_the_signal_are_kept(python_handler, theirs):
    signal.signal(signal.SIGINT, theirs)
    with Interrupt():
        assert signal.getsignal(signal.SIGINT) == theirs
    assert signal.getsignal(signal.SIGINT) == theirs


def test_a_thread_other_than_the_main_one_is_left_alone(python_handler):
    seen = []

    def work():
        with Interrupt() as interrupt:
            interrupt.batch(1)
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
