"""Exchange two files or folders in one step, where the system can."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

#: Relative paths begin at the working directory.
_AT_FDCWD = -100
#: What Linux calls RENAME_EXCHANGE and macOS RENAME_SWAP.
_EXCHANGE = 2


def exchange(one: Path, other: Path) -> bool:
    """Let two files or folders on one disk change places; a reader finds one or the other at any time.

    Returns:
        Whether they did. If not, nothing has changed: one of them is missing, or the system or the disk cannot do it.
    """
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None)
    paths = os.fsencode(one), os.fsencode(other)
    sys.audit("os.rename", str(one), str(other), -1, -1)  # as for every rename that Python makes
    if hasattr(library, "renameat2"):
        return bool(library.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE) == 0)
    if hasattr(library, "renamex_np"):
        return bool(library.renamex_np(*paths, _EXCHANGE) == 0)
    return False
