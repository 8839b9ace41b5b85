"""The options by which hosts that train together find one another, and where each of them writes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.errors import DeviceError

if TYPE_CHECKING:
    from chestnut.training.distributed.hosts import Hosts

DevicesOption = Annotated[
    int, typer.Option("--devices", help="GPUs, or other devices of each host, that share a batch.")
]
CoordinatorOption = Annotated[
    str | None, typer.Option("--coordinator", metavar="ADDRESS:PORT", help="Host 0, where several hosts meet (JAX).")
]
HostsOption = Annotated[int | None, typer.Option("--hosts", help="How many hosts train together.")]
HostOption = Annotated[int | None, typer.Option("--host", help="Which of them this one is, from 0; 0 writes the run.")]


def hosts_of(coordinator: str | None, hosts: int | None, host: int | None) -> Hosts | None:
    """The hosts that the options name; None without any.

    Raises:
        DeviceError: An option is missing or does not fit the others.
    """
    if coordinator is None and hosts is None and host is None:
        return None
    if coordinator is None or hosts is None or host is None:
        raise DeviceError(
            "several hosts need all of --coordinator, --hosts and --host, such as "
            "--coordinator 10.0.0.1:29400 --hosts 2 --host 0"
        )
    from chestnut.training.distributed.hosts import Hosts

    return Hosts(coordinator, hosts, host)


@contextmanager
def own_folder(folder: Path, hosts: Hosts | None, *, resumed: bool) -> Iterator[Path]:
    """The folder that this host writes to: the run's on host 0, on others one that is removed afterwards.

    Args:
        folder: The run's folder; where it is resumed, every host must see it.
        hosts: Which host this is; None where one trains alone.
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
