"""The backend, devices and threads that Keras uses. Only this module imports a backend to ask it about them."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

#: The number of images that one device predicts at a time.
_EACH = 64

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def load() -> None:
    """Import the backend, and TensorFlow where it is installed, which Keras imports later under every backend.

    They write to standard error when they are imported; the caller can hide that.
    """
    importlib.import_module(backend())
    with contextlib.suppress(ImportError):
        importlib.import_module("tensorflow")


def backend() -> str:
    """Return the Keras backend in use: tensorflow, jax or torch; `KERAS_BACKEND` chooses it."""
    return str(keras.backend.backend())


def accelerators() -> list[str]:
    """Return the names of the GPUs or TPUs that the backend sees; empty on a CPU."""
    if backend() == "torch":
        import torch

        return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    found = keras.distribution.list_devices()
    return [name for name in found if not name.startswith("cpu")]


def list_devices() -> list[tuple[str, int | None]]:
    """Return the name of each device of this host and its memory in bytes, where the backend knows it.

    Without a GPU or TPU, the processor is the only one.
    """
    if not accelerators():
        return [(processor(), None)]
    if backend() == "torch":
        import torch

        cards = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
        return [(str(card.name), int(card.total_memory)) for card in cards]
    if backend() == "jax":
        return [(str(card.device_kind), _memory_limit(card)) for card in local_devices()]
    import tensorflow as tf

    seen = tf.config.list_physical_devices("GPU")
    return [(str(tf.config.experimental.get_device_details(card).get("device_name", card.name)), None) for card in seen]


def _memory_limit(device: Any) -> int | None:
    """Return the bytes that JAX may take of a device, by default three quarters of its memory."""
    limit = (device.memory_stats() or {}).get("bytes_limit")
    return None if limit is None else int(limit)


def local_devices() -> list[Any]:
    """Return the devices of this host that can share a batch: its GPUs or TPUs, or the processor or its parts."""
    if backend() == "jax":
        import jax

        return list(jax.local_devices())
    return accelerators() or (keras.distribution.list_devices() if backend() == "tensorflow" else ["cpu"])


def backend_errors() -> tuple[type[Exception], ...]:
    """Return the kinds of errors that the backend raises and that are no kinds of Python's own."""
    if backend() == "tensorflow":
        import tensorflow as tf

        return (tf.errors.OpError,)
    return ()


def divide_processor(count: int) -> None:
    """Make the processor appear as `count` devices, to try several devices without GPUs.

    Raises:
        RuntimeError: The backend has already computed something.
    """
    if backend() == "jax":
        import jax

        jax.config.update("jax_num_cpu_devices", count)
    elif backend() == "tensorflow":
        import tensorflow as tf

        parts = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)


def thread_setting() -> int | None:
    """Return how many threads one operation may use, where that has been set; None for one per core."""
    if backend() == "torch":
        import torch

        return int(torch.get_num_threads())
    if backend() == "tensorflow":
        import tensorflow as tf

        if count := int(tf.config.threading.get_intra_op_parallelism_threads()):
            return count
    text = os.environ.get("NPROC" if backend() == "jax" else "TF_NUM_INTRAOP_THREADS", "")
    return int(text) if text.isdecimal() and int(text) else None


def set_threads(count: int) -> None:
    """Set how many threads one operation may use, from now on and in the whole process.

    Args:
        count: 1 or more.

    Raises:
        RuntimeError: The backend has computed already, and cannot change its number of threads any more.
    """
    if backend() == "torch":
        import torch

        torch.set_num_threads(count)
    elif backend() == "jax":
        from jax._src.xla_bridge import backends_are_initialized  # JAX has no public name for this

        if backends_are_initialized():
            raise RuntimeError("JAX has started its threads")
        os.environ["NPROC"] = str(count)
    else:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(count)


def compute_capability() -> tuple[int, int] | None:
    """Return the lowest compute capability of the NVIDIA GPUs; None without one, or where the backend has none."""
    if not accelerators():
        return None
    found: list[Any]
    if backend() == "torch":
        import torch

        found = [torch.cuda.get_device_capability(index) for index in range(torch.cuda.device_count())]
    elif backend() == "jax":
        found = [getattr(device, "compute_capability", None) for device in local_devices()]
    else:
        import tensorflow as tf

        cards = tf.config.list_physical_devices("GPU")
        found = [tf.config.experimental.get_device_details(card).get("compute_capability") for card in cards]
    versions = [_version(item) for item in found]
    return None if None in versions else min(version for version in versions if version)


def _version(capability: Any) -> tuple[int, int] | None:
    """Read a compute capability from JAX ("9.0") or the others ((9, 0)); None for other values, such as gfx90a."""
    parts = capability.split(".") if isinstance(capability, str) else list(capability or ())
    if len(parts) != 2 or not all(str(part).isdecimal() for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def device_memory() -> int | None:
    """Return the bytes of memory that the backend may use on its first GPU or TPU; None where it does not say."""
    if not accelerators():
        return None
    if backend() == "torch":
        import torch

        return int(torch.cuda.get_device_properties(0).total_memory)
    if backend() == "jax":
        limit = (local_devices()[0].memory_stats() or {}).get("bytes_limit")
        return None if limit is None else int(limit)
    from tensorflow.python.client import device_lib  # TensorFlow has no public name for this

    found = [one.memory_limit for one in device_lib.list_local_devices() if one.device_type == "GPU"]
    return int(found[0]) if found else None


def make_on_host(make: Callable[[], Any]) -> Any:
    """Make a network with the processor, and move its variables to the device afterwards.

    JAX compiles every operation for a GPU by itself, so that random weights of some hundred shapes take many seconds
    there.

    Args:
        make: A function that returns the network.
    """
    if backend() != "jax" or keras.distribution.distribution() is not None or not accelerators():
        return make()
    import jax

    try:
        host = jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # JAX_PLATFORMS leaves the processor out
        return make()
    with jax.default_device(host):
        network = make()
    for variable in network.variables:
        # By way of NumPy: an array that is put on a device by name counts as another type, and steps compile again
        variable.assign(np.asarray(variable.value))
    return network


def describe() -> str:
    """Return the device in words, for `environment.json`."""
    names = accelerators()
    return ", ".join(names) if names else f"CPU, {os.cpu_count()} cores, {processor()}"


def processor() -> str:
    """Return the name of the processor, or of its architecture where the system does not have it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def policy(precision: str) -> str:
    """Return the Keras dtype policy of a resolved precision: float32, bfloat16 or float16."""
    return _POLICIES[precision]


def has_fast_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 in hardware, so that it may be faster."""
    info = Path("/proc/cpuinfo")
    return info.is_file() and "avx512_bf16" in info.read_text(encoding="utf-8", errors="replace")


def compiled() -> bool:
    """Return whether to compile with XLA.

    TensorFlow does not compile on a CPU, where XLA makes training 2 to 10 times slower, nor on several devices, because
    its strategies do not work with XLA.
    """
    return backend() == "jax" or (backend() == "tensorflow" and bool(accelerators()) and shares() == 1)


def data_parallel(devices: Sequence[Any]) -> Any:
    """Return the backend's engine that divides batches among devices; networks are built and trained in its `scope()`.

    Args:
        devices: The devices from `local_devices`; with JAX those of all hosts.
    """
    if backend() == "tensorflow":
        import tensorflow as tf

        return tf.distribute.MirroredStrategy([name.upper() for name in devices])
    return keras.distribution.DataParallel(devices=list(devices), auto_shard_dataset=False)


def shares() -> int:
    """Return the number of devices that share a batch in the current scope; 1 outside any."""
    if backend() == "tensorflow":
        import tensorflow as tf

        return int(tf.distribute.get_strategy().num_replicas_in_sync)
    engine = keras.distribution.distribution()
    return 1 if engine is None else int(engine.num_model_replicas)


def chunk() -> int:
    """Return how many inputs to give to `predict` at a time; starting TensorFlow's engine takes a tenth of a second."""
    count = shares()
    return _EACH * count * (16 if backend() == "tensorflow" and count > 1 else 1)


def predict(network: Any, inputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the outputs of a network for a batch, shape (b, …), computed by all devices of the scope together.

    Where several hosts train together, each host computes all outputs.
    """
    count = shares()
    if count == 1:
        return np.asarray(network.predict_on_batch(inputs))
    real = len(inputs)
    inputs = np.resize(np.asarray(inputs), (-(-real // count) * count, *inputs.shape[1:]))
    if backend() == "tensorflow":  # its predict_on_batch would give each device the whole batch
        return np.asarray(network.predict(inputs, batch_size=_EACH * count, verbose=0))[:real]
    engine = keras.distribution.distribution()
    if engine.num_processes == 1:
        inputs = keras.distribution.distribute_tensor(inputs, engine.get_data_layout(inputs.shape))
    return np.asarray(network.predict_on_batch(inputs))[:real]


def mean_over_devices(gradients: Sequence[Any]) -> list[Any]:
    """Average gradients over TensorFlow's devices; call it in the step that runs on each device."""
    import tensorflow as tf

    return list(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, list(gradients)))


def repeatable(seed: int) -> None:
    """Seed every generator and use operations that give the same bits each time."""
    keras.utils.set_random_seed(seed)
    if backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True, warn_only=True)
