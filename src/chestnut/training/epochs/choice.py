"""Choose how the epochs of a training run: fed by the host, or on the device."""

from __future__ import annotations

import os
from typing import Protocol

from chestnut.errors import DeviceError
from chestnut.models.device import accelerators, backend, device_memory
from chestnut.training.batches import Batches
from chestnut.training.epochs.fed import FedEpochs
from chestnut.training.epochs.loop import Loop
from chestnut.training.epochs.on_device import DeviceEpochs
from chestnut.training.epochs.steps import Steps
from chestnut.training.learner import Learner

#: The environment variable that chooses in place of `open_epochs`.
FEED = "CHESTNUT_FEED"

_CHOICES = ("auto", "host", "pieces", "device")

#: The share of the device's memory that images may take; the network and its steps need the rest.
_SHARE = 0.4


class Epochs(Protocol):
    """A learner with its training images."""

    def run(self, steps: Steps) -> dict[str, float]:
        """Train one epoch and return its mean metrics by name."""


def open_epochs(learner: Learner, batches: Batches) -> Epochs:
    """Return the epochs of a learner in the way that suits its device.

    On one GPU or TPU, all images are kept on the device if they take at most 40 % of its memory; otherwise a thread
    copies them in pieces ahead of the device. Elsewhere, and on several devices, Keras feeds batches one by one. The
    environment variable CHESTNUT_FEED overrides this: `host`, `pieces`, `device` or `auto`.

    Args:
        learner: The learner; its variables exist.
        batches: The training images.

    Raises:
        DeviceError: The environment variable has another value.
    """
    wish = os.environ.get(FEED, "auto")
    if wish not in _CHOICES:
        raise DeviceError(f"{FEED}={wish}; give {', '.join(_CHOICES[:-1])} or {_CHOICES[-1]}")
    suits = bool(accelerators()) if wish == "auto" else wish != "host"
    if batches.devices.count > 1 or not suits:
        return FedEpochs(learner, batches)
    return DeviceEpochs(open_loop(learner, batches), batches, _may_keep(batches) and wish != "pieces")


def _may_keep(batches: Batches) -> bool:
    """Return whether the images of all epochs fit on the device."""
    stored = batches.inputs.stored()
    if stored is None:
        return False
    memory = device_memory()
    return memory is None or stored.values.nbytes <= _SHARE * memory


def open_loop(learner: Learner, batches: Batches) -> Loop:
    """Return the loop of the backend in use."""
    if backend() == "jax":
        from chestnut.training.epochs.jax_loop import JaxLoop

        return JaxLoop(learner, batches.inputs)
    if backend() == "torch":
        from chestnut.training.epochs.torch_loop import TorchLoop

        return TorchLoop(learner, batches.inputs)
    from chestnut.training.epochs.tensorflow_loop import TensorFlowLoop

    return TensorFlowLoop(learner, batches.inputs)
