"""Join a Ray cluster at an address, or start one on this machine and stop it again.

Ray runs in a process of its own (see `driver`), is asked through a pipe, and may be replaced when it has lost its
cluster. It is kept from sending usage statistics and from writing to the terminal.
"""

from __future__ import annotations

import logging
import os
import queue
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Protocol

from chestnut.errors import EngineError, MissingExtraError
from chestnut.jobs.ray.answers import ClusterLostError, Handle
from chestnut.jobs.ray.driver_process import DriverProcess
from chestnut.jobs.ray.patience import Patience
from chestnut.models.backend.choice import without_choice

_log = logging.getLogger(__name__)

#: Seconds within which an address must answer, and within which Ray must have joined the cluster there.
_ANSWERING, _JOINING = 5.0, 60.0

#: Seconds after which a call that has not returned counts as a sign that the head is gone.
_SILENCE = 10.0

#: Seconds that Ray has to leave or stop a cluster, and to leave one that it has lost.
_STOPPING, _ABANDONING = 20.0, 3.0

#: Seconds between two attempts to join a cluster anew.
_BETWEEN = 2.0

#: The prefixes of the environment variables that nodes need: for the backend, the pixel cache and the trackers.
_TRAVELLING = ("KERAS_", "CHESTNUT_", "MLFLOW_", "WANDB_")


class Cluster(Protocol):
    """What jobs and predictions need of a cluster. Every call may raise `ClusterLostError`."""

    @property
    def own(self) -> bool:
        """Whether it was started here, on this machine alone."""

    def nodes(self) -> list[dict[str, float]]:
        """Return the resources of each node that is up: `CPU`, `GPU` and `memory` in bytes."""

    def create(self, kind: type, options: Mapping[str, Any], *arguments: Any) -> Handle:
        """Create an actor; it starts as soon as a node has room for it."""

    def call(self, actor: Handle, method: str, *arguments: Any) -> Handle:
        """Call a method of an actor without waiting for its answer."""

    def put(self, value: Any) -> Handle:
        """Store a value in the cluster, to be an argument of `call`."""

    def wait(self, answers: Sequence[Handle], seconds: float) -> list[Handle]:
        """Wait for the first of some answers, and return those that have come."""

    def get(self, answer: Handle) -> Any:
        """Return an answer that has come, once.

        Raises:
            TaskFailedError: The actor's method raised.
            ActorLostError: The actor has died or is out of reach.
        """

    def forget(self, value: Handle) -> None:
        """Free a stored value or an answer."""

    def kill(self, actor: Handle) -> None:
        """End an actor, if it still lives."""

    def rejoin(self) -> None:
        """Leave the cluster and join it anew; all handles are void then.

        Raises:
            EngineError: It cannot be joined.
        """


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
        socket.create_connection((host, port), _ANSWERING).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise EngineError(
            f"address={address}: nobody answers at {host}, port {port} ({error}); start a cluster there by "
            "ray start --head --ray-client-server-port=10001, or correct the address"
        ) from error


@contextmanager
def join_cluster(address: str | None, cores: int, patience: Patience) -> Iterator[RayCluster]:
    """Join or start a cluster, and leave or stop it after the block.

    Args:
        address: As `check_cluster` takes it; None starts a cluster on this machine and stops it after the block.
        cores: The cores of a cluster that is started here.
        patience: How long to wait for answers.

    Raises:
        EngineError: The cluster cannot be joined, or its nodes have another version of chestnut.
    """
    cluster = RayCluster(address, cores, patience)
    try:
        cluster.join()
        yield cluster
    finally:
        cluster.leave()


def rejoin_cluster(cluster: Cluster, patience: Patience, lost: str) -> None:
    """Join a cluster anew, as soon as that is possible.

    Args:
        cluster: The cluster.
        patience: How long to try.
        lost: How the cluster was lost, as a clause.

    Raises:
        EngineError: It was not possible for longer than patience allows.
    """
    while True:
        patience.report(lost)
        try:
            return cluster.rejoin()
        except (ClusterLostError, EngineError) as error:
            _log.debug("the Ray cluster cannot be joined yet: %s", error)
            patience.sleep(_BETWEEN)


class RayCluster:
    """A `Cluster` that Ray runs.

    Args:
        address: The cluster; None for one of this machine.
        cores: The cores of a cluster of this machine.
        patience: How long to wait for answers.
    """

    def __init__(self, address: str | None, cores: int, patience: Patience) -> None:
        self._address = address
        self._cores = cores
        self._patience = patience
        self._driver: DriverProcess | None = None

    @property
    def own(self) -> bool:
        """Whether it was started here, on this machine alone."""
        return self._address is None

    def join(self, seconds: float = _JOINING) -> None:
        """Start a driver, which joins or starts the cluster.

        Args:
            seconds: How long to wait until it has.

        Raises:
            EngineError: The cluster cannot be joined.
        """
        self._driver = driver = DriverProcess(self.own)
        options = {} if self._address else {"num_cpus": self._cores, "include_dashboard": False, **driver.place}
        try:
            driver.answer(driver.ask("join", self._address or "local", options), seconds)
        except (ClusterLostError, queue.Empty) as error:
            self._abandon()
            reason = f"no answer within {seconds:.0f} s" if isinstance(error, queue.Empty) else error
            raise EngineError(
                f"Ray cannot be started on this machine ({reason}); use the engine local"
                if self.own
                else f"address={self._address}: the Ray cluster there cannot be joined ({reason}); compare the "
                "versions of Ray and Python, and the token, on both sides"
            ) from error

    def leave(self) -> None:
        """Leave the cluster; one of this machine is stopped."""
        if self._driver is not None:
            driver, self._driver = self._driver, None
            driver.end(_STOPPING)

    def _abandon(self) -> None:
        """End a driver that has lost its cluster."""
        if self._driver is not None:
            driver, self._driver = self._driver, None
            driver.end(_ABANDONING)

    def rejoin(self) -> None:
        """Leave the cluster and join it anew; all handles are void then.

        Raises:
            EngineError: It cannot be joined.
        """
        self._abandon()
        check_cluster(self._address)
        self.join(min(_JOINING, max(_ANSWERING, self._patience.left)))

    def nodes(self) -> list[dict[str, float]]:
        """Return the resources of each node that is up."""
        return list(self._ask("nodes"))

    def create(self, kind: type, options: Mapping[str, Any], *arguments: Any) -> Handle:
        """Create an actor; it starts as soon as a node has room for it."""
        return Handle(self._ask("create", kind, dict(options), arguments))

    def call(self, actor: Handle, method: str, *arguments: Any) -> Handle:
        """Call a method of an actor without waiting for its answer."""
        return Handle(self._ask("call", actor.number, method, arguments))

    def put(self, value: Any) -> Handle:
        """Store a value in the cluster, to be an argument of `call`."""
        return Handle(self._ask("put", value))

    def wait(self, answers: Sequence[Handle], seconds: float) -> list[Handle]:
        """Wait for the first of some answers, and return those that have come."""
        return [Handle(number) for number in self._ask("wait", [one.number for one in answers], seconds)]

    def get(self, answer: Handle) -> Any:
        """Return an answer that has come, once; see `Cluster.get`."""
        return self._ask("get", answer.number)

    def forget(self, value: Handle) -> None:
        """Free a stored value or an answer."""
        self._ask("forget", value.number)

    def kill(self, actor: Handle) -> None:
        """End an actor, if it still lives."""
        self._ask("kill", actor.number)

    def _ask(self, name: str, *arguments: Any) -> Any:
        """Ask the driver, and wait for its answer as long as patience lasts.

        Raises:
            ClusterLostError: The driver has ended or lost its cluster.
            EngineError: No answer came in time.
        """
        if self._driver is None:
            raise ClusterLostError("the Ray cluster has been left")
        silent = 0.0
        try:
            number = self._driver.ask(name, *arguments)
            while True:
                try:
                    return self._driver.answer(number, 1.0)
                except queue.Empty:
                    silent += 1.0
                if silent >= _SILENCE:
                    self._patience.report("the head of the Ray cluster does not answer")
        except (ClusterLostError, EngineError):
            self._abandon()
            raise


def travelling_variables() -> dict[str, str]:
    """Return the environment variables of this process that the processes on other nodes need too.

    A backend that chestnut chose for this machine is not among them: a node with a GPU chooses another one.
    """
    return {name: text for name, text in without_choice(os.environ).items() if name.startswith(_TRAVELLING)}
