"""The devices of a run: one, several of one machine, or those of several hosts; and each host's share of a batch.

The backend's own engine divides a batch among devices (`models.device.data_parallel`). The corrections here make the
result equal to that of one device.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.config import Recipe
from chestnut.data.manifest import Manifest
from chestnut.errors import DeviceError, RecipeError
from chestnut.models.device import backend, data_parallel, divide_processor, local_devices, mean_over_devices
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.distributed.hosts import Hosts, devices_of_each, leave, same_everywhere

Rows = npt.NDArray[np.int64]

#: The environment variable that divides the processor into several devices, for trials without GPUs.
PARTS = "CHESTNUT_CPU_DEVICES"


@dataclass(frozen=True)
class Devices:
    """The devices of a run, and this host's place among the hosts.

    Attributes:
        count: The number of devices of all hosts together.
        hosts: The number of hosts.
        host: The number of this host, from 0; host 0 writes the run.
        engine: The backend's object that divides batches; None for one device.
    """

    count: int = 1
    hosts: int = 1
    host: int = 0
    engine: Any = None

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context in which networks are built and trained on these devices."""
        return nullcontext() if self.engine is None else self.engine.scope()

    def agree(self, recipe: Recipe, manifest: Manifest, checkpoint: Checkpoint) -> None:
        """Check that all hosts train the same recipe on the same images from the same epoch.

        Raises:
            DeviceError: The hosts differ in one of these.
        """
        if self.hosts == 1:
            return
        images = manifest.frame[["label", "split", "sha256"]].to_csv(index=False)
        saved = sorted(path.name for path in checkpoint.folder.glob("epoch-*"))
        if not same_everywhere(f"{recipe.to_toml()}{images}{saved}"):
            raise DeviceError(
                f"the {self.hosts} hosts do not have the same recipe, images and finished epochs; give each the same "
                "command and the same files"
            )

    def leave_hosts(self) -> bool:
        """Disconnect from the other hosts after training; return whether another host finishes the run."""
        if self.hosts > 1:
            leave()
        return self.host > 0

    def share(self, rows: Rows) -> tuple[Rows, npt.NDArray[np.float32] | None]:
        """Return this host's share of a batch, and the weight of each of its rows in the loss.

        A batch that cannot be divided evenly is padded with some of its images at weight 0. Keras divides the loss by
        the number of images, not by the sum of weights, so the weight of the real images becomes padded / real. Then
        the gradient is exactly that of the batch without padding.

        Args:
            rows: The rows of the batch, shape (b,).

        Returns:
            The rows, shape (b',), and their weights, shape (b',); None in place of weights for one device.

        >>> Devices(count=2).share(np.array([7, 8, 9]))
        (array([7, 8, 9, 7]), array([1.3333334, 1.3333334, 1.3333334, 0.       ], dtype=float32))
        """
        if self.count == 1:
            return rows, None
        padded = -(-len(rows) // self.count) * self.count
        weights = np.zeros(padded, dtype=np.float32)
        weights[: len(rows)] = padded / len(rows)
        own = slice(padded * self.host // self.hosts, padded * (self.host + 1) // self.hosts)
        return np.resize(rows, padded)[own], weights[own]

    def prepare(self, learner: Any) -> None:
        """Make the steps of a compiled learner equal to those of one device.

        With TensorFlow's engine, Keras clips the gradients of each device and checks them for infinities before they
        are added up. Here they are averaged first, so that all devices see the same gradient. It is clipped to
        clip / count, and `count` of them add up to one of norm at most clip.
        """
        optimizer = learner.optimizer
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if self.count == 1 or backend() != "tensorflow" or not (inner.global_clipnorm or inner is not optimizer):
            return
        apply = optimizer.apply_gradients

        def average_and_apply(pairs: Any) -> Any:
            gradients, variables = zip(*pairs, strict=True)
            return apply(list(zip(mean_over_devices(gradients), variables, strict=True)))

        optimizer.apply_gradients = average_and_apply
        if inner.global_clipnorm:
            inner.global_clipnorm /= self.count

    def check(self, recipe: Recipe) -> None:
        """Check that the devices can share a full batch evenly.

        Raises:
            RecipeError: The batch size is not a multiple of the number of devices.
        """
        size = recipe.train.batch_size
        if size % self.count:
            better = -(-size // self.count) * self.count
            raise RecipeError(
                f"train.batch_size is {size}, which {self.count} devices cannot share evenly; "
                f"try train.batch_size={better}"
            )

    def facts(self) -> dict[str, int]:
        """Return the numbers of devices and hosts, for environment.json."""
        return {"devices": self.count, "hosts": self.hosts}


#: A single device, the default.
ONE = Devices()


def claim(each: int = 1, hosts: Hosts | None = None) -> Devices:
    """Reserve devices; with several hosts, wait for the others first.

    Args:
        each: The number of devices on each host.
        hosts: The address and number of the hosts; None to use this machine only.

    Raises:
        DeviceError: There are fewer devices, the backend cannot use several, or the hosts cannot connect.
    """
    _divide_processor()
    if hosts is not None:
        hosts.join()
    if each == 1 and hosts is None:
        return ONE
    there = local_devices()
    if not 1 <= each <= len(there):
        raise DeviceError(f"devices={each}: {_describe_devices(there)}; give 1 to {len(there)}{_hint(there)}")
    if backend() == "torch":
        raise DeviceError(f"devices={each}: PyTorch trains on 1 device; set KERAS_BACKEND to jax or tensorflow")
    used = there[:each] if hosts is None else devices_of_each(each)
    count, host = (hosts.count, hosts.index) if hosts else (1, 0)
    return Devices(len(used), count, host, data_parallel(used))


def _divide_processor() -> None:
    """Divide the processor into devices as the environment variable says.

    Raises:
        DeviceError: The variable is not a number, or the framework has started computing already.
    """
    asked = os.environ.get(PARTS)
    if asked is None:
        return
    if not asked.isdecimal() or asked == "0":
        raise DeviceError(f"{PARTS}={asked} is not a number of devices; give a whole number, such as 2")
    try:
        divide_processor(int(asked))
    except RuntimeError as error:
        if len(local_devices()) != int(asked):
            raise DeviceError(
                f"{PARTS}={asked} was set too late, after the framework had started; start a new process"
            ) from error


def _describe_devices(there: list[Any]) -> str:
    return f"{backend()} has {len(there)} here ({', '.join(map(str, there[:4]))}{', …' if len(there) > 4 else ''})"


def _hint(there: list[Any]) -> str:
    return "" if backend() == "torch" or len(there) > 1 else f", or set {PARTS}=2 to try it on the processor"
