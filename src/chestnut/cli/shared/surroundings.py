"""Faults of what surrounds a command: the words it was called with, memory, and the files of the system."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from chestnut.errors import ChestnutError
from chestnut.names import is_safe, quoted

#: What libraries, and the loader of shared objects, say when the system gives them no memory or no thread.
_STARVED = re.compile(
    r"can't start new thread|cannot allocate memory|failed to map segment|cannot create thread|"
    r"unable to allocate|resource temporarily unavailable|not enough memory|out of memory|can't allocate memory|"
    r"OOM when allocating|RESOURCE_EXHAUSTED|ResourceExhaustedError",
    re.IGNORECASE,
)
_NO_MEMORY = (
    "not enough memory; end other programs, allow more (ulimit -v, ulimit -u), or use smaller values, such as "
    "train.batch_size"
)
#: The addresses, in bytes, that the libraries of a command take before they do anything, on 2 cores.
_FRAMEWORK = 4_500_000_000
_NEEDS = {
    **dict.fromkeys(("augment", "phantom", "show"), 1_000_000_000),
    "audit": 2_400_000_000,
    **dict.fromkeys(("compare", "control", "crossval", "demo", "ensemble", "evaluate", "import"), _FRAMEWORK),
    **dict.fromkeys(("finetune", "predict", "stress", "train", "tune"), _FRAMEWORK),
}
#: What each further core adds for the stacks and buffers of its threads, and how many cores count.
_BYTES_A_CORE, _MOST_CORES = 200_000_000, 8
#: What the system may say of a file that the user named, or of the place where the command runs.
_FILE_FAULTS = frozenset(
    getattr(errno, name)
    for name in (
        *("EACCES", "EPERM", "EROFS", "ENAMETOOLONG", "ENOTDIR", "EISDIR", "ELOOP", "ENOENT", "ENOSPC", "EDQUOT"),
        *("EFBIG", "EIO", "EMFILE", "ENFILE", "ENXIO", "ESTALE", "ETXTBSY"),
    )
    if hasattr(errno, name)
)


def check_words(words: Sequence[str]) -> None:
    """Check that every word of a command line is text.

    Raises:
        ChestnutError: A word is empty, or has control characters other than ends of lines and tabs, or bytes that are
            no text.
    """
    for place, word in enumerate(words, 1):
        if not word:
            raise ChestnutError(
                f"argument {place} is empty; give it a value, or leave it out with the option before it"
            )
        if not is_safe(word.translate({ord("\n"): None, ord("\t"): None, ord("\r"): None})):
            raise ChestnutError(
                f"the argument {quoted(word)} has a control character, or bytes that are no text in this terminal's "
                "encoding; rename the file or folder, or use an environment with LC_ALL=C.UTF-8"
            )


def faults() -> tuple[type[Exception], ...]:
    """Return the kinds of errors that `explain` may know; TensorFlow's own is among them once that is loaded."""
    tensorflow: Any = sys.modules.get("tensorflow")
    more = () if tensorflow is None else (tensorflow.errors.ResourceExhaustedError,)
    return (MemoryError, RecursionError, OSError, RuntimeError, ImportError, UnicodeEncodeError, *more)


def explain(error: Exception) -> str | None:
    """Return what a fault of the surroundings means for the user; None for any other error, which is a bug."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in (errno.ENOMEM, errno.EAGAIN)):
        return _NO_MEMORY
    if isinstance(error, RecursionError):
        return "the input is nested too deeply; use fewer levels of lists and tables"
    if isinstance(error, UnicodeEncodeError):
        return f"{quoted(error.object)} is no text that can be written as {error.encoding}; rename it"
    if isinstance(error, OSError):
        return _explain_file(error) if error.errno in _FILE_FAULTS else None
    return _NO_MEMORY if _STARVED.search(str(error)) else None


def require_memory(command: str) -> None:
    """Check that the process may have the addresses that a command needs; libraries that get too few end it at once.

    Args:
        command: The name of a command.

    Raises:
        ChestnutError: The limit of the process is too low.
    """
    need = _NEEDS.get(command, 0) + _BYTES_A_CORE * max(0, min(os.cpu_count() or 1, _MOST_CORES) - 2)
    if command not in _NEEDS or sys.platform == "win32":
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < need:
        raise ChestnutError(
            f"not enough memory: this process may have {limit / 1e9:.1f} GB of addresses, and chestnut {command} needs "
            f"{need / 1e9:.1f} GB; allow them, as in ulimit -v {need // 1024}, or ulimit -v unlimited"
        )


def _explain_file(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    if error.filename is not None:
        return (
            f"cannot use {quoted(os.fsdecode(error.filename))}: {reason}; give another path, or change its permissions"
        )
    if error.errno == errno.ENOENT and error.strerror == os.strerror(errno.ENOENT):
        return "the working directory was removed; go to another one"
    return f"the system refuses a file: {reason}; change that, and try again"
