"""A Ray cluster to run jobs on: one that is reached by its address, or one that is started here and stopped again.

Called by `engines`, `ray_engine` and `ray_predict`. Ray reports nothing to anybody, and writes nothing to the terminal.
"""

from __future__ import annotations

import re
import socket
from importlib.util import find_spec

from chestnut.errors import EngineError, MissingExtraError

#: Seconds that a cluster has to answer.
_PATIENCE = 5.0


def check_cluster(address: str | None) -> None:
    """Refuse an address that Ray could not join, before anything is made.

    Args:
        address: `ray://HOST:PORT`, `HOST:PORT`, `auto`, or None for a cluster that is yet to be started.

    Raises:
        MissingExtraError: Ray is not installed.
        EngineError: No such address, or nobody answers there.
    """
    if find_spec("ray") is None:
        raise MissingExtraError(
            "--engine ray needs ray, which is not installed; run pip install 'chestnut[ray]', or pip install '.[ray]' "
            "in chestnut's source"
        )
    if address is None or address == "auto":
        return
    found = re.fullmatch(r"(?:ray://)?([\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})", address)
    if found is None:
        raise EngineError(f"--address {address!r}: write ray://HOST:PORT, HOST:PORT or auto")
    host, port = found[1].strip("[]"), int(found[2])
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise EngineError(
            f"--address {address}: nobody answers at {host}, port {port} ({error}); start a cluster there by "
            "ray start --head --ray-client-server-port=10001, or mend the address"
        ) from error
