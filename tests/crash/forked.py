"""Run commands in forks of a process that has loaded all libraries, and computes nothing itself.

Loading Keras takes longer than the commands that are tried here.
"""

import contextlib
import gc
import importlib
import os
import pkgutil
import selectors
import signal
import sys
import time
import traceback
import warnings
from dataclasses import dataclass

from crash.changes import Change, Watch

_PATIENCE_S = 300.0


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        status: Its exit status, or minus the signal that ended it.
        said: What it wrote to standard output and error.
        changes: The changes that it made, or was about to make.
    """

    status: int
    said: str
    changes: tuple[Change, ...]


def load():
    """Load whatever the commands use."""
    from chestnut.jobs.run_job import load_libraries

    load_libraries()
    for room in (
        "cli",
        "api",
        "auditing",
        "studies",
        "report",
        "data",
        "inference",
        "figures",
        "robustness",
        "training",
    ):
        package = importlib.import_module(f"chestnut.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"chestnut.{room}."):
            if not any(part in module.name for part in ("tracking", "distributed", "jax_loop", "torch_loop")):
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def run(work, where, stop=None, root=None):
    """Run a function in a fork.

    Args:
        work: The function; what it returns, or a `SystemExit`, gives the exit status.
        where: The working directory.
        stop: Where the fork is stopped.
        root: The folder whose changes are watched; by default the working directory.
    """
    output, told = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of threads; the only ones are of memory allocators
        child = os.fork()
    if not child:
        os.close(output[0])
        os.close(told[0])
        _work(work, where, stop, root or where, output[1], told[1])
    os.close(output[1])
    os.close(told[1])
    said, heard = _drain(child, output[0], told[0])
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    changes = tuple(Change(*line.split("\t")) for line in heard.splitlines())
    return Ended(status, said, changes)


def _work(work, where, stop, root, output, told):
    """Do the work of the fork, and end it."""
    status = 1
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
        os.chdir(where)

        def tell(change):
            os.write(told, f"{change.kind}\t{change.path}\t{change.source}\n".encode())

        Watch(root, tell, stop).begin()
        status = work() or 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - whatever was raised, the fork must end here
        traceback.print_exc()
    finally:  # without the exit functions, some of which belong to the process that forked
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _drain(child, *pipes):
    """Read pipes to their ends, and kill a fork that takes too long."""
    until, read = time.monotonic() + _PATIENCE_S, dict.fromkeys(pipes, b"")
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            if not (ready := selector.select(until - time.monotonic())):
                os.kill(child, signal.SIGKILL)
                until += _PATIENCE_S
            for key, _ in ready:
                if part := os.read(key.fd, 65536):
                    read[key.fd] += part
                else:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return tuple(part.decode(errors="replace") for part in read.values())
