"""Several machines, or processes, that train one network together on JAX.

Called by `devices` and `cli`. Every host reads the same data, takes its share of each batch and has the same weights
after each step. Only JAX can: TensorFlow's MultiWorkerMirroredStrategy does not work under Keras 3 (keras#20585).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from chestnut.errors import DeviceError
from chestnut.models.device import backend


@dataclass(frozen=True)
class Hosts:
    """How a host finds the others.

    Attributes:
        coordinator: ADDRESS:PORT of host 0, the same on every host.
        count: Number of hosts, 2 or more.
        index: Which of them this one is, from 0.
    """

    coordinator: str
    count: int
    index: int

    def __post_init__(self) -> None:
        address, _, port = self.coordinator.rpartition(":")
        if not address or not port.isdecimal():
            raise DeviceError(
                f"--coordinator {self.coordinator} is not ADDRESS:PORT; give host 0's, such as 10.0.0.1:29400"
            )
        if self.count < 2:
            raise DeviceError(f"--hosts {self.count}: several hosts are 2 or more; leave it out to train on this one")
        if not 0 <= self.index < self.count:
            raise DeviceError(f"--host {self.index} is none of {self.count} hosts, which count from 0; give another")

    def join(self) -> None:
        """Wait for the others; to be called before anything is computed.

        Raises:
            DeviceError: Another backend than JAX, or the hosts did not find one another.
        """
        if backend() != "jax":
            raise DeviceError(
                f"several hosts train on JAX alone and the backend is {backend()}; set KERAS_BACKEND=jax on each host"
            )
        try:
            keras.distribution.initialize(self.coordinator, self.count, self.index)
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise DeviceError(
                f"the {self.count} hosts did not meet at {self.coordinator} ({reason}); start the same command on "
                "each, with its own --host"
            ) from error


def devices_of_each(count: int) -> list[Any]:
    """The first `count` devices of every host, those of host 0 first."""
    import jax

    hosts = [[item for item in jax.devices() if item.process_index == host] for host in range(jax.process_count())]
    return [device for own in hosts for device in own[:count]]


def same_everywhere(text: str) -> bool:
    """Whether all hosts call this with the same text."""
    from jax.experimental import multihost_utils

    digest = np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], dtype=np.int32)
    return bool((np.asarray(multihost_utils.process_allgather(digest)) == digest).all())


def leave() -> None:
    """Part from the other hosts, once nothing more is computed together."""
    import jax

    jax.distributed.shutdown()
