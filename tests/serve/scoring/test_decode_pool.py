"""`DecodePool`: errors come back, work that nobody waits for is left out, and it never keeps a process alive."""

import subprocess
import sys
import threading

import pytest

from chestnut.serve.scoring.decode_pool import DecodePool


def test_results_and_errors_come_back():
    pool = DecodePool(2)
    assert [pool.submit(pow, number, 2).result(5) for number in range(4)] == [0, 1, 4, 9]
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result(5)
    assert list(pool.map(abs, [-1, -2])) == [1, 2]
    pool.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(abs, 1)


def test_what_has_not_begun_can_be_cancelled():
    pool, held, begun, done = DecodePool(1), threading.Event(), threading.Event(), []

    def hold():
        begun.set()
        return held.wait(5)

    running = pool.submit(hold)
    assert begun.wait(5)
    waiting, another = (pool.submit(done.append, number) for number in (1, 2))
    assert waiting.cancel()
    pool.shutdown(wait=False, cancel_futures=True)
    assert another.cancelled()
    held.set()
    assert running.result(5)
    pool.shutdown()
    assert not done


@pytest.mark.slow
def test_a_thread_that_hangs_does_not_keep_a_process_alive():
    program = """
import threading
from chestnut.serve.scoring.decode_pool import DecodePool
DecodePool(1).submit(threading.Event().wait)
print("done")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "done\n"
