"""The folder that each of several hosts writes to while they train one run together."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chestnut.training.distributed.hosts import Hosts


@contextmanager
def host_folder(folder: Path, hosts: Hosts | None, *, resumed: bool) -> Iterator[Path]:
    """Yield the run's folder on host 0, and on any other host a folder that is removed afterwards.

    Args:
        folder: The folder of the run. If it is resumed, every host must be able to read it.
        hosts: The hosts that train together, with the number of this one; None if it trains alone.
        resumed: Whether the run has begun before.
    """
    if hosts is None or hosts.index == 0:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="chestnut-host-") as parent:
        scratch = Path(parent) / folder.name
        if resumed:
            shutil.copytree(folder, scratch)
        yield scratch
