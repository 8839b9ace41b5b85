"""`DecodePool`: threads that decode images, and that never keep a process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, NamedTuple, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _Task(NamedTuple):
    result: Future[Any]
    work: Callable[[], Any]


class DecodePool(Executor):
    """Runs functions in a fixed number of threads.

    Those of `concurrent.futures` are waited for when Python ends; a picture that takes a minute would delay that.

    Args:
        threads: Their number, 1 or more.
        name: What they are called.
    """

    def __init__(self, threads: int, name: str = "decode") -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name} {number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run a function in one of the threads; see `Executor.submit`.

        Raises:
            RuntimeError: The pool is shut down.
        """
        if self._closed:
            raise RuntimeError("the pool is shut down")
        result: Future[_T] = Future()
        self._tasks.put(_Task(result, lambda: fn(*args, **kwargs)))
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more functions; see `Executor.shutdown`."""
        self._closed = True
        if cancel_futures:
            while not self._tasks.empty():
                if (task := self._tasks.get()) is not None:
                    task.result.cancel()
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            if not task.result.set_running_or_notify_cancel():
                continue
            try:
                result = task.work()
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever asked
                task.result.set_exception(error)
            else:
                task.result.set_result(result)
