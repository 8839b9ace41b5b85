"""Connect several machines, or processes, that train one network together with JAX.

Every host reads the same data, takes its share of each batch and has the same weights after each step. Only JAX
supports this: TensorFlow's MultiWorkerMirroredStrategy does not work with Keras 3 (keras#20585).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from chestnut.errors import DeviceError
from chestnut.limits import require_between

#: More hosts than any cluster has; the last port of a machine, and its number of digits.
_MOST_HOSTS, _LAST_PORT, _MOST_DIGITS = 100_000, 65_535, 5


@dataclass(frozen=True)
class Hosts:
    """The hosts that train together, and this host's place among them.

    Attributes:
        coordinator: The ADDRESS:PORT of host 0, the same on every host.
        count: The number of hosts, 2 or more.
        index: The number of this host, from 0.
    """

    coordinator: str
    count: int
    index: int

    def __post_init__(self) -> None:
        address, _, port = self.coordinator.rpartition(":")
        if not address or not port.isdecimal() or len(port) > _MOST_DIGITS or int(port) > _LAST_PORT:
            raise DeviceError(
                f"coordinator={self.coordinator!r}: give the ADDRESS:PORT of host 0, such as 10.0.0.1:29400"
            )
        alone = ", or leave it out to train on this machine only"
        require_between(2, _MOST_HOSTS, alone, error=DeviceError, hosts=self.count)
        if not 0 <= self.index < self.count:
            raise DeviceError(f"host={self.index}: give 0 to {self.count - 1}, the number of this host")

    def join(self) -> None:
        """Wait for the other hosts. Call it before anything is computed.

        Raises:
            DeviceError: The backend is not JAX, or the hosts could not connect.
        """
        import keras

        from chestnut.models.device import backend

        if backend() != "jax":
            raise DeviceError(
                f"several hosts need JAX, but the backend is {backend()}; set KERAS_BACKEND to jax on each host"
            )
        try:
            keras.distribution.initialize(self.coordinator, self.count, self.index)
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise DeviceError(
                f"the {self.count} hosts could not connect to {self.coordinator} ({reason}); start the same command "
                "on each host, with its own number as host="
            ) from error


def devices_of_each(count: int) -> list[Any]:
    """Return the first `count` devices of every host, those of host 0 first."""
    import jax

    hosts = [[item for item in jax.devices() if item.process_index == host] for host in range(jax.process_count())]
    return [device for own in hosts for device in own[:count]]


def same_everywhere(text: str) -> bool:
    """Tell whether all hosts call this with the same text."""
    from jax.experimental import multihost_utils

    digest = np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], dtype=np.int32)
    return bool((np.asarray(multihost_utils.process_allgather(digest)) == digest).all())


def leave() -> None:
    """Disconnect from the other hosts, once nothing more is computed together."""
    import jax

    jax.distributed.shutdown()
