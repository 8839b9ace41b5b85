"""The number of threads with which one operation computes, which decides the last bits of a run's weights.

Sums over many numbers are divided among threads, and the order of a floating-point sum changes its last bits. A run
is therefore repeated bit for bit only with as many threads as it was trained with.
"""

from __future__ import annotations

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from chestnut.errors import DeviceError
from chestnut.limits import require_between
from chestnut.models.device import backend, set_threads, thread_setting
from chestnut.processors import core_count

#: More threads than any machine has cores.
_MOST_THREADS = 4096


def count_threads() -> int:
    """Return how many threads one operation of this process may use: one a core unless it was set otherwise."""
    return thread_setting() or core_count()


def check_threads(count: int | None) -> None:
    """Check a number of threads; None passes.

    Raises:
        DeviceError: The number is below 1, or more than any machine has use for.
    """
    require_between(1, _MOST_THREADS, error=DeviceError, threads=count)


def limit_threads(count: int | None) -> None:
    """Let every operation of this process use so many threads from now on.

    Args:
        count: 1 or more; None changes nothing.

    Raises:
        DeviceError: The number is below 1, or the backend has computed with another number of threads already.
    """
    if count is None:
        return
    check_threads(count)
    if count != count_threads():
        try:
            set_threads(count)
        except RuntimeError as error:
            raise DeviceError(
                f"threads={count}: {backend()} has computed with {count_threads()} threads in this process and cannot "
                "change that; start a new process, and train there first"
            ) from error
    threadpool_limits(count)
