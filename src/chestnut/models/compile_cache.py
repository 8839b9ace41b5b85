"""Keep what XLA compiles between commands, since compiling a network for a GPU takes tens of seconds."""

from __future__ import annotations

import os
from pathlib import Path

from chestnut.models.device import accelerators, backend

#: The most bytes that are kept; the program that was not used for longest goes first.
_MOST = 2 << 30


def keep_compiled(folder: Path) -> None:
    """Let JAX keep its compiled programs in a folder, and use those that are there.

    It does so on GPUs and TPUs alone: on a processor, compiling takes less time, and a program is tied to that very
    processor. A folder that the user has named by JAX_COMPILATION_CACHE_DIR stays.

    Args:
        folder: The folder; it is made when the first program is kept.
    """
    if backend() != "jax" or "JAX_COMPILATION_CACHE_DIR" in os.environ or not accelerators():
        return
    import jax

    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_compilation_cache_max_size", _MOST)
