"""Join a Ray cluster at an address, or start one on this machine and stop it again.

Ray is kept from sending usage statistics and from writing to the terminal.
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

#: Seconds within which an address must answer, and within which Ray must have joined the cluster there.
_PATIENCE, _JOINING = 5.0, 60.0

#: Variables that Ray reads when it is imported, here and in what it starts; the first turns usage statistics off.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}

#: The longest path of a folder in which Ray can create its sockets, whose paths have at most 107 characters.
_LONGEST = 40

#: The prefixes of the environment variables that nodes need: for the backend, the pixel cache and the trackers.
_TRAVELLING = ("KERAS_", "CHESTNUT_", "MLFLOW_", "WANDB_")


def check_cluster(address: str | None) -> None:
    """Check that Ray is installed and that an address can be reached.

    Args:
        address: `ray://HOST:PORT`, `HOST:PORT`, `auto`, or None for a cluster that will be started here.

    Raises:
        MissingExtraError: Ray is not installed.
        EngineError: The address is malformed, or nobody answers there.
    """
    if find_spec("ray") is None:
        raise MissingExtraError(
            "the engine ray needs the package ray, which is not installed; run pip install 'chestnut[ray]', or "
            "pip install '.[ray]' in chestnut's source"
        )
    if address is None or address == "auto":
        return
    match = re.fullmatch(r"(?:ray://)?([\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})", address)
    if match is None:
        raise EngineError(f"address={address!r}: write ray://HOST:PORT, HOST:PORT or auto")
    host, port = match[1].strip("[]"), int(match[2])
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise EngineError(
            f"address={address}: nobody answers at {host}, port {port} ({error}); start a cluster there by "
            "ray start --head --ray-client-server-port=10001, or correct the address"
        ) from error


@contextmanager
def join_cluster(address: str | None, cores: int) -> Iterator[None]:
    """Join or start a cluster, and leave or stop it after the block.

    Args:
        address: As `check_cluster` takes it; None starts a cluster on this machine and stops it after the block.
        cores: The cores of a cluster that is started here.

    Raises:
        EngineError: The cluster cannot be joined, or its nodes have another version of chestnut.
    """
    with contextlib.ExitStack() as stack:
        _set_variables(stack, _QUIET)
        if address is None:
            _start(stack, cores)
        else:
            _join(stack, address)
            _check_nodes()
        yield


def _start(stack: contextlib.ExitStack, cores: int) -> None:
    """Start a cluster that only this process can use: its token is random and written nowhere."""
    _set_variables(stack, {"RAY_worker_niceness": "0"})  # by default jobs would yield to every other program
    if not any(name in os.environ for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        _set_variables(stack, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)})
    home = Path(tempfile.mkdtemp(prefix="chestnut-ray-"))
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    place = {"_temp_dir": str(home)} if len(str(home)) <= _LONGEST else {}
    try:
        _init(stack, address="local", num_cpus=cores, include_dashboard=False, **place)
    except Exception as error:  # Ray raises many kinds
        raise EngineError(
            f"Ray cannot be started on this machine ({shorten_error(error)}); use the engine local"
        ) from error


def _join(stack: contextlib.ExitStack, address: str) -> None:
    """Join a cluster, but do not wait as long as Ray would if the server at the address is not Ray."""
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
    reason = shorten_error(fault[0]) if fault else f"no answer within {_JOINING:.0f} s"
    raise EngineError(
        f"address={address}: the Ray cluster there cannot be joined ({reason}); compare the versions of Ray and "
        "Python, and the token, on both sides"
    ) from (fault[0] if fault else None)


def _init(stack: contextlib.ExitStack, **arguments: Any) -> None:
    import ray
    from ray._private import worker

    _forget_token()
    ray.init(log_to_driver=False, logging_level="ERROR", **arguments)
    logging.getLogger("ray.util.client").setLevel(logging.CRITICAL)  # it reports calls that are cancelled at the end
    stack.callback(ray.shutdown)
    if printing := getattr(worker, "print_to_stdstream", None):  # it prints the deaths of workers among our results
        stack.callback(setattr, worker, "print_to_stdstream", printing)
        worker.print_to_stdstream = _log_lines


def _forget_token() -> None:
    """Let Ray read the token of the cluster that is joined next.

    Ray keeps the first token that a process used, whatever the environment variables say later, and would be refused by
    every other cluster. Versions of Ray without tokens have no such loader.
    """
    from ray import _raylet

    if loader := getattr(_raylet, "AuthenticationTokenLoader", None):
        loader.instance().reset_cache()


def _set_variables(stack: contextlib.ExitStack, variables: dict[str, str]) -> None:
    """Set environment variables until the stack is left."""
    for name, text in variables.items():
        before = os.environ.get(name)
        stack.callback(os.environ.pop, name, None) if before is None else stack.callback(
            os.environ.__setitem__, name, before
        )
        os.environ[name] = text


def _log_lines(data: dict[str, Any], *_: Any, **__: Any) -> None:
    _log.debug("Ray: %s", " ".join(map(str, data.get("lines", ()))))


def shorten_error(error: BaseException) -> str:
    """Return one of Ray's errors, which may fill a page, as one line; the last line of a traceback."""
    text = str(error).strip()
    line = " ".join((text.splitlines()[-1] if '  File "' in text else text).split()) or type(error).__name__
    return line if len(line) <= 200 else f"{line[:197]}…"


def travelling_variables() -> dict[str, str]:
    """Return the environment variables of this process that the processes on other nodes need too."""
    return {name: text for name, text in os.environ.items() if name.startswith(_TRAVELLING)}


def node_resources() -> list[dict[str, float]]:
    """Return the resources of each node that is up: `CPU`, `GPU` and `memory` in bytes."""
    import ray

    return [dict(node["Resources"]) for node in ray.nodes() if node["Alive"]]


def _check_nodes() -> None:
    """Check that every node has this version of chestnut: another one may give other results."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as Affinity

    ask = ray.remote(num_cpus=0)(_create_version_query())
    up = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    asked = {ask.options(scheduling_strategy=Affinity(node["NodeID"], soft=False)).remote(): node for node in up}
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=_JOINING) if asked else ([], [])
    here, wrong = version("chestnut"), []
    for ref in answered:
        with contextlib.suppress(ray.exceptions.RayError):  # the node has just left
            if (there := ray.get(ref)) != here:
                wrong.append(f"{asked[ref]['NodeManagerHostname']} has {there or 'none'}")
    if wrong:
        raise EngineError(
            f"this machine has chestnut {here}, but {listed(wrong)}; install the same version on every node, in the "
            "Python that runs Ray there"
        )


def _create_version_query() -> Callable[[], str]:
    """Return a function that Ray sends with its code, since a node may lack this module."""

    def ask() -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("chestnut")
        except PackageNotFoundError:
            return ""

    ask.__module__ = "__main__"
    return ask
