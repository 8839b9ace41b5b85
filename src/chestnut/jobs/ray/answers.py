"""What comes back from a Ray cluster beside values: handles, and the ways in which a call fails."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Handle:
    """Stands for an actor, for an answer that is still to come, or for a stored value.

    Attributes:
        number: Its number within one connection to a cluster.
    """

    number: int


class TaskFailedError(Exception):
    """A method of an actor raised; the actor still lives.

    Args:
        kind: The name of the exception's class.
        text: Its message in one line.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind, text)
        self.kind = kind
        self.text = text


class ActorLostError(Exception):
    """An actor has died, or its node is out of reach.

    Args:
        kind: The name of Ray's exception.
        broken: Whether its class raised when it was created.
        text: Ray's message in one line.
    """

    def __init__(self, kind: str, broken: bool = False, text: str = "") -> None:
        super().__init__(kind, broken, text)
        self.kind = kind
        self.broken = broken
        self.text = text


class ClusterLostError(Exception):
    """The connection to the cluster is broken: its head has gone away, or this machine's own cluster has died."""
