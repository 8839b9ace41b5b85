"""The options that name the devices and hosts that train one run together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.errors import DeviceError

if TYPE_CHECKING:
    from chestnut.training.distributed.hosts import Hosts

DevicesOption = Annotated[
    int, typer.Option("--devices", help="The number of GPUs, or other devices, of each host that share a batch.")
]
CoordinatorOption = Annotated[
    str | None, typer.Option("--coordinator", metavar="ADDRESS:PORT", help="Host 0, where several hosts meet (JAX).")
]
HostsOption = Annotated[int | None, typer.Option("--hosts", help="How many hosts train together.")]
HostOption = Annotated[
    int | None, typer.Option("--host", help="The number of this host, from 0; host 0 writes the run.")
]


def read_hosts(coordinator: str | None, hosts: int | None, host: int | None) -> Hosts | None:
    """Return how this host finds the others; None if no option names any.

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
