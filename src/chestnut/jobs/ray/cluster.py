"""A Ray cluster to run jobs on: one that is reached by its address, or one that is started here and stopped again.

Called by `engines`, `ray_engine` and `ray_predict`. Ray reports nothing to anybody, and writes nothing to the terminal.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from chestnut.errors import EngineError, MissingExtraError, listed

_log = logging.getLogger(__name__)

#: Seconds that somebody has to answer at an address, and that Ray has to join the cluster there.
_PATIENCE, _JOINING = 5.0, 60.0

#: Read by Ray as it is imported, here and in what it starts: it sends no usage statistics.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}

#: Longest folder in which Ray can make its sockets, whose paths have at most 107 characters.
_LONGEST = 40


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


@contextmanager
def joined(address: str | None, cores: int) -> Iterator[None]:
    """Be part of a cluster meanwhile.

    Args:
        address: As in `check_cluster`; None starts a cluster on this machine and stops it with the block.
        cores: Of a cluster that is started here: how many jobs may take together.

    Raises:
        EngineError: The cluster cannot be joined, or its nodes have another chestnut.
    """
    with contextlib.ExitStack() as stack:
        _set(stack, _QUIET)
        if address is None:
            _start(stack, cores)
        else:
            _join(stack, address)
            _check_nodes()
        yield


def _start(stack: contextlib.ExitStack, cores: int) -> None:
    """Start a cluster that only this process may use: its token is drawn anew and written nowhere."""
    _set(stack, {"RAY_worker_niceness": "0"})  # else whatever else runs here would go before the jobs
    if not any(name in os.environ for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        _set(stack, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)})
    home = Path(tempfile.mkdtemp(prefix="chestnut-ray-"))
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    place = {"_temp_dir": str(home)} if len(str(home)) <= _LONGEST else {}
    try:
        _init(stack, address="local", num_cpus=cores, include_dashboard=False, **place)
    except Exception as error:  # Ray raises many kinds
        raise EngineError(
            f"no Ray could be started on this machine ({in_a_line(error)}); try --engine local"
        ) from error


def _join(stack: contextlib.ExitStack, address: str) -> None:
    """Join a cluster; whoever answers at its address may be no Ray, for which Ray itself would wait long."""
    fault: list[Exception] = []
    done = threading.Event()

    def join() -> None:
        try:
            _init(stack, address=address)
        except Exception as error:  # noqa: BLE001 - Ray raises many kinds
            fault.append(error)
        done.set()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's client warns of what it raises next
        threading.Thread(target=join, daemon=True).start()
        if done.wait(_JOINING) and not fault:
            return
    why = in_a_line(fault[0]) if fault else f"no answer within {_JOINING:.0f} s"
    raise EngineError(
        f"--address {address}: the Ray cluster there cannot be joined ({why}); compare the versions of Ray and Python, "
        "and the token, on both sides"
    ) from (fault[0] if fault else None)


def _init(stack: contextlib.ExitStack, **given: Any) -> None:
    import ray
    import ray._private.worker as own

    ray.init(log_to_driver=False, logging_level="ERROR", **given)
    logging.getLogger("ray.util.client").setLevel(logging.CRITICAL)  # tells of calls that were given up at the end
    stack.callback(ray.shutdown)
    if printing := getattr(own, "print_to_stdstream", None):  # prints news of died workers among our results
        stack.callback(setattr, own, "print_to_stdstream", printing)
        own.print_to_stdstream = _to_log


def _set(stack: contextlib.ExitStack, variables: dict[str, str]) -> None:
    """Set environment variables until the stack is left."""
    for name, text in variables.items():
        before = os.environ.get(name)
        stack.callback(os.environ.pop, name, None) if before is None else stack.callback(
            os.environ.__setitem__, name, before
        )
        os.environ[name] = text


def _to_log(data: dict[str, Any], *_: Any, **__: Any) -> None:
    _log.debug("Ray: %s", " ".join(map(str, data.get("lines", ()))))


def in_a_line(error: BaseException) -> str:
    """An error of Ray's, which may fill a page, in one line: of a traceback the last one."""
    said = str(error).strip()
    text = " ".join((said.splitlines()[-1] if '  File "' in said else said).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:197]}…"


def nodes() -> list[dict[str, float]]:
    """Resources of each node that is up: `CPU`, `GPU`, `memory` (bytes)."""
    import ray

    return [dict(node["Resources"]) for node in ray.nodes() if node["Alive"]]


def _check_nodes() -> None:
    """Refuse nodes without chestnut, or with another version, whose runs may differ."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as Affinity

    ask = ray.remote(num_cpus=0)(_versions())
    up = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    asked = {ask.options(scheduling_strategy=Affinity(node["NodeID"], soft=False)).remote(): node for node in up}
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=_JOINING) if asked else ([], [])
    here, wrong = version("chestnut"), []
    for ref in answered:
        with contextlib.suppress(ray.exceptions.RayError):  # a node that has just gone
            if (there := ray.get(ref)) != here:
                wrong.append(f"{asked[ref]['NodeManagerHostname']} has {there or 'none'}")
    if wrong:
        raise EngineError(
            f"this machine has chestnut {here}, but {listed(wrong)}; install the same version on every node, in the "
            "Python that runs Ray there"
        )


def _versions() -> Callable[[], str]:
    """A function that travels whole, since the node may lack this module."""

    def ask() -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("chestnut")
        except PackageNotFoundError:
            return ""

    ask.__module__ = "__main__"
    return ask
