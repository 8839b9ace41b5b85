"""On what a run is trained: one device, several of one machine, or several hosts; and each host's share of a batch.

Called by `train`, `batches` and `cli`. The backend's own engine divides the batch (`models.device.data_parallel`); what
is added here makes its result that of one device.
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

#: The environment variable that divides the processor into devices, to try several without GPUs.
PARTS = "CHESTNUT_CPU_DEVICES"


@dataclass(frozen=True)
class Devices:
    """The devices of a run, and which of the hosts this one is.

    Attributes:
        count: Devices of all hosts together.
        hosts: Number of hosts.
        host: This one's place among them, from 0; host 0 writes the run.
        engine: What divides batches; None on one device.
    """

    count: int = 1
    hosts: int = 1
    host: int = 0
    engine: Any = None

    def scope(self) -> AbstractContextManager[Any]:
        """Within it, networks are made and trained on these devices."""
        return nullcontext() if self.engine is None else self.engine.scope()

    def agree(self, recipe: Recipe, manifest: Manifest, checkpoint: Checkpoint) -> None:
        """Make sure that all hosts train the same recipe on the same images from the same epoch.

        Raises:
            DeviceError: One does not.
        """
        if self.hosts == 1:
            return
        images = manifest.frame[["label", "split", "sha256"]].to_csv(index=False)
        saved = sorted(path.name for path in checkpoint.folder.glob("epoch-*"))
        if not same_everywhere(f"{recipe.to_toml()}{images}{saved}"):
            raise DeviceError(
                f"the {self.hosts} hosts do not see the same recipe, images and finished epochs; give each the same "
                "command and the same files"
            )

    def part(self) -> bool:
        """Part from the other hosts, once training has ended; whether the rest is another host's work."""
        if self.hosts > 1:
            leave()
        return self.host > 0

    def share(self, rows: Rows) -> tuple[Rows, npt.NDArray[np.float32] | None]:
        """This host's part of a batch, and the weight of each of its rows in the loss.

        A batch that the devices do not divide is padded with its own images at weight 0. Keras divides the loss by the
        number of images, not by the sum of weights, so that the others' weight becomes padded / real: the gradient is
        exactly that of the batch unpadded.

        Args:
            rows: The batch, (b,).

        Returns:
            Rows (b',), and their weights (b',); no weights on one device.

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
        """Make a compiled learner's steps those of one device.

        TensorFlow's engine adds up gradients only after Keras has clipped them and looked for infinities in each
        device's own. So they are averaged before: `count` equal gradients of norm at most clip / count then add up to
        one of norm at most clip.
        """
        optimizer = learner.optimizer
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if self.count == 1 or backend() != "tensorflow" or not (inner.global_clipnorm or inner is not optimizer):
            return
        apply = optimizer.apply_gradients

        def averaged_first(pairs: Any) -> Any:
            gradients, variables = zip(*pairs, strict=True)
            return apply(list(zip(mean_over_devices(gradients), variables, strict=True)))

        optimizer.apply_gradients = averaged_first
        if inner.global_clipnorm:
            inner.global_clipnorm /= self.count

    def check(self, recipe: Recipe) -> None:
        """Refuse a batch that full steps cannot divide evenly.

        Raises:
            RecipeError: The batch size is no multiple of the number of devices.
        """
        size = recipe.train.batch_size
        if size % self.count:
            better = -(-size // self.count) * self.count
            raise RecipeError(
                f"train.batch_size is {size}, which {self.count} devices cannot share evenly; "
                f"try train.batch_size={better}"
            )

    def facts(self) -> dict[str, int]:
        """For environment.json."""
        return {"devices": self.count, "hosts": self.hosts}


#: What a run has unless more is asked for.
ONE = Devices()


def claim(each: int = 1, hosts: Hosts | None = None) -> Devices:
    """Take devices; with several hosts, wait for them first.

    Args:
        each: Devices of each host.
        hosts: How to find the other hosts; None for this machine alone.

    Raises:
        DeviceError: There are fewer devices, the backend cannot use several, or hosts do not meet.
    """
    _divide()
    if hosts is not None:
        hosts.join()
    if each == 1 and hosts is None:
        return ONE
    there = local_devices()
    if not 1 <= each <= len(there):
        raise DeviceError(f"devices={each}: {_known(there)}; give 1 to {len(there)}{_hint(there)}")
    if backend() == "torch":
        raise DeviceError(f"devices={each}: PyTorch trains on 1 device; set KERAS_BACKEND=jax or tensorflow")
    used = there[:each] if hosts is None else devices_of_each(each)
    count, host = (hosts.count, hosts.index) if hosts else (1, 0)
    return Devices(len(used), count, host, data_parallel(used))


def _divide() -> None:
    """Divide the processor as the environment asks.

    Raises:
        DeviceError: Not a number, or too late.
    """
    asked = os.environ.get(PARTS)
    if asked is None:
        return
    if not asked.isdecimal() or asked == "0":
        raise DeviceError(f"{PARTS}={asked} is no number of devices; give 2 or another whole number")
    try:
        divide_processor(int(asked))
    except RuntimeError as error:
        if len(local_devices()) != int(asked):
            raise DeviceError(f"{PARTS}={asked} comes too late: something was computed before; start anew") from error


def _known(there: list[Any]) -> str:
    return f"{backend()} has {len(there)} here ({', '.join(map(str, there[:4]))}{', …' if len(there) > 4 else ''})"


def _hint(there: list[Any]) -> str:
    return "" if backend() == "torch" or len(there) > 1 else f", or set {PARTS}=2 to try it on the processor"
