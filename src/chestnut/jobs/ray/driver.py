"""The program that talks to Ray: it reads questions from standard input and writes answers to standard output.

A process that talks to Ray is not safe: Ray ends it when the head of the cluster goes away, or lets some of its calls
wait without end. So this one is separate, and whoever started it can end it and start another.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import pickle
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import IO, Any

from chestnut.errors import ChestnutError, EngineError, listed
from chestnut.jobs.ray.answers import ActorLostError, ClusterLostError, Handle, TaskFailedError

#: Seconds within which the nodes must say which version of chestnut they have.
_ASKING = 60.0
#: The numbered questions: the name of a method and its arguments; None once there will be no more.
Questions = queue.SimpleQueue[tuple[int, str, tuple[Any, ...]] | None]

#: Seconds that Ray has to stop after standard input has closed.
_STOPPING = 15.0


def main() -> None:
    """Answer questions until standard input closes."""
    with _separate_answers() as stream:
        questions: Questions = queue.SimpleQueue()
        threading.Thread(target=_read, args=(questions,), daemon=True).start()
        driver = Driver()
        while question := questions.get():
            number, name, arguments = question
            pickle.dump((number, *driver.answer(name, arguments)), stream)
            stream.flush()
        driver.leave()


@contextlib.contextmanager
def _separate_answers() -> Iterator[IO[bytes]]:
    """Yield the standard output for answers, and send to standard error whatever Ray prints."""
    with os.fdopen(os.dup(1), "wb") as stream:
        os.dup2(2, 1)
        yield stream


def _read(questions: Questions) -> None:
    """Read questions; once the input has closed, end this process even if Ray does not answer."""
    with contextlib.suppress(EOFError, pickle.UnpicklingError):  # the other side ended, perhaps in the middle of one
        while True:
            questions.put(pickle.load(sys.stdin.buffer))  # noqa: S301 - from our parent
    questions.put(None)
    time.sleep(_STOPPING)
    os._exit(1)


@dataclass
class Driver:
    """The functions of Ray that jobs need; actors and answers are known by numbers.

    Attributes:
        known: Ray's own actors and references, by number.
        numbers: The numbers that are still free.
        place: The folder of a cluster that was started here.
    """

    known: dict[int, Any] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    place: str | None = None

    def answer(self, name: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
        """Call a method, and return whether it succeeded with its value or its exception."""
        try:
            return True, getattr(self, name)(*arguments)
        except (ActorLostError, TaskFailedError, ChestnutError) as error:
            return False, error
        except Exception as error:  # noqa: BLE001 - Ray raises many kinds when it has lost its cluster
            reason = shorten_error(error).rstrip(".")
            lost = "the head of the Ray cluster has gone away"  # which Ray's client words in its own way
            return False, ClusterLostError(lost if "shutting down" in reason else reason)

    def join(self, address: str, options: Mapping[str, Any]) -> None:
        """Join a cluster, or start one if the address is `local`.

        Raises:
            EngineError: A node has another version of chestnut.
        """
        import ray

        self.place = options.get("_temp_dir")
        ray.init(address, log_to_driver=False, logging_level="ERROR", **options)
        logging.getLogger("ray.util.client").setLevel(logging.CRITICAL)
        if address != "local":
            _check_nodes()

    def leave(self) -> None:
        """Leave the cluster, and stop it if it was started here."""
        import ray

        ray.shutdown()
        if self.place is not None:  # whoever started this process may have been killed
            for _ in range(5):  # Ray's processes may still write while they end
                shutil.rmtree(self.place, ignore_errors=True)
                time.sleep(0.2)

    def nodes(self) -> list[dict[str, float]]:
        """Return the resources of each node that is up."""
        import ray

        return [dict(node["Resources"]) for node in ray.nodes() if node["Alive"]]

    def create(self, kind: type, options: Mapping[str, Any], arguments: tuple[Any, ...]) -> int:
        """Create an actor."""
        import ray

        return self._keep(ray.remote(kind).options(**options).remote(*arguments))

    def call(self, actor: int, method: str, arguments: tuple[Any, ...]) -> int:
        """Call a method of an actor, without waiting; a `Handle` among the arguments stands for what `put` stored."""
        given = [self.known[one.number] if isinstance(one, Handle) else one for one in arguments]
        return self._keep(getattr(self.known[actor], method).remote(*given))

    def put(self, value: Any) -> int:
        """Store a value in the cluster."""
        import ray

        return self._keep(ray.put(value))

    def wait(self, answers: list[int], seconds: float) -> list[int]:
        """Wait for the first of some answers, and return those that have come."""
        import ray

        numbers = {self.known[number]: number for number in answers}
        ready, _ = ray.wait(list(numbers), timeout=seconds)
        return [numbers[one] for one in ready]

    def get(self, answer: int) -> Any:
        """Return an answer that has come, and forget it.

        Raises:
            TaskFailedError: The actor's method raised.
            ActorLostError: The actor has died or is out of reach.
        """
        import ray

        try:
            return ray.get(self.known.pop(answer))
        except ray.exceptions.RayTaskError as error:
            cause = getattr(error, "cause", None) or error
            raise TaskFailedError(type(cause).__name__, shorten_error(cause)) from error
        except ray.exceptions.RayError as error:
            broken = bool(getattr(error, "actor_init_failed", False))
            raise ActorLostError(type(error).__name__, broken, shorten_error(error)) from error

    def forget(self, number: int) -> None:
        """Forget an actor or a stored value."""
        self.known.pop(number, None)

    def kill(self, actor: int) -> None:
        """End an actor, if it still lives."""
        import ray

        if (found := self.known.pop(actor, None)) is not None:
            with contextlib.suppress(ray.exceptions.RayError, ValueError):  # it has ended already
                ray.kill(found)

    def _keep(self, thing: Any) -> int:
        number = next(self.numbers)
        self.known[number] = thing
        return number


def shorten_error(error: BaseException) -> str:
    """Return one of Ray's errors, which may fill a page, as one line; the last line of a traceback."""
    text = str(error).strip()
    line = " ".join((text.splitlines()[-1] if '  File "' in text else text).split()) or type(error).__name__
    return line if len(line) <= 200 else f"{line[:197]}…"


def _check_nodes() -> None:
    """Check that every node has this version of chestnut: another one may give other results."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as Affinity

    ask = ray.remote(num_cpus=0)(_create_version_query())
    up = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    asked = {ask.options(scheduling_strategy=Affinity(node["NodeID"], soft=False)).remote(): node for node in up}
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=_ASKING) if asked else ([], [])
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
