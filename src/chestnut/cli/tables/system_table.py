"""The table of `chestnut info --system`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chestnut.cli.shared.output import human_bytes
from chestnut.cli.shared.tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from chestnut.api.system import Device, System

_PRECISIONS = {"measured": "float32 or bfloat16, whichever a trial finds faster"}


def system_table(found: System) -> Table:
    """Return the table of what a machine trains with."""
    made = table("This machine", ("", ""))
    made.show_header = False
    memory = "" if found.memory is None else f", {human_bytes(found.memory)} of memory"
    for name, value in (
        ("backend", f"{found.backend}: {found.reason}"),
        *(("device", _describe(device)) for device in found.devices),
        ("precision", _PRECISIONS.get(found.precision, found.precision)),
        ("processor", f"{found.cores} cores{memory}"),
        ("pixel cache", f"{human_bytes(found.cached)} in {found.cache}"),
        ("compiled programs", human_bytes(found.compiled)),
        ("system", found.system),
        ("Python", found.python),
        *found.versions.items(),
    ):
        made.add_row(name, value)
    return made


def _describe(device: Device) -> str:
    return device.name if device.memory is None else f"{device.name}, {human_bytes(device.memory)} of memory"
