"""What tests of memory share: run something in a child with a limit, and learn its peak memory.

The peak is what the kernel counted for the child (`ru_maxrss`). A child that is forked begins with its parent's count,
so every child is started by a launcher, this file run as a program, which is small whatever the tests have loaded.
Every child has a limit on its address space, a limit on its time, and a process group of its own, which is killed
when it ends.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MB, GB = 10**6, 10**9


@dataclass(frozen=True)
class Measured:
    """What became of a child.

    Attributes:
        status: The exit status; the negative number of the signal that killed it, -9 if its time was up.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
        peak: The most resident memory it had at once, in bytes; subtract a `baseline` to see what an input takes.
        seconds: How long it ran.
    """

    status: int
    out: str
    err: str
    peak: int
    seconds: float


def run_command(command, *, memory=6 * GB, seconds=60, folder=None, environment=None):
    """Run a command.

    Args:
        command: The program and its arguments.
        memory: The limit on its address space, in bytes (RLIMIT_AS).
        seconds: The time after which it is killed.
        folder: The folder to run it in; None for that of the tests.
        environment: Variables to set beside those of the tests.
    """
    job = {"command": [os.fspath(part) for part in command], "memory": memory, "seconds": seconds}
    return _launch(job, folder, environment)["command"]


def run_python(code, *arguments, **options):
    """Run Python code with `sys.argv[1:]`; the options are those of `run_command`."""
    return run_command([sys.executable, "-c", code, *arguments], **options)


def run_chestnut(*arguments, **options):
    """Run the `chestnut` command; the options are those of `run_command`."""
    return run_python("from chestnut.cli import main; main()", *arguments, **options)


def run_each(setup, pieces, *, memory=6 * GB, seconds=60, folder=None, environment=None):
    """Run pieces of Python code, each in a child that has run `setup` already, one after the other.

    Imports belong in `setup`: they run once, and the peak of the piece "" (which is added) is the baseline of all.

    Args:
        setup: Python code.
        pieces: Python code by name.
        memory: The limit on the address space of each child, in bytes.
        seconds: The time after which each child is killed.
        folder: The folder to run them in; None for that of the tests.
        environment: Variables to set beside those of the tests.

    Returns:
        What became of each piece, by name.
    """
    job = {"setup": setup, "pieces": {"": "", **pieces}, "memory": memory, "seconds": seconds}
    return _launch(job, folder, environment)


def _launch(job, folder, environment):
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "job.json").write_text(json.dumps(job))
        subprocess.run(
            [sys.executable, __file__, place],
            check=True,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, **(environment or {})},
        )
        found = json.loads((Path(place) / "result.json").read_text())
        outputs = {
            name: [_text(Path(place) / f"{number}.{end}") for end in ("out", "err")]
            for number, name in enumerate(found)
        }
        return {
            name: Measured(status, *outputs[name], peak, seconds) for name, (status, peak, seconds) in found.items()
        }


def _text(path):
    return path.read_text(errors="backslashreplace")


def _serve(place):
    """Be the launcher: do the job in `job.json` and write `result.json`."""
    job = json.loads((place / "job.json").read_text())
    limits = job["memory"], job["seconds"]
    if "command" in job:
        works = {"command": lambda: os.execvp(job["command"][0], job["command"])}
    else:
        names = {"__name__": "__main__"}
        exec(compile(job["setup"], "setup", "exec"), names)
        works = {
            name: lambda code=code: exec(compile(code, "piece", "exec"), names) for name, code in job["pieces"].items()
        }
    found = {name: _measure(work, place / str(number), *limits) for number, (name, work) in enumerate(works.items())}
    (place / "result.json").write_text(json.dumps(found))


def _measure(work, stem, memory, seconds):
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _work(work, stem, memory)

    def kill(*_):
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)

    with suppress(PermissionError):  # it has called exec, and so setpgid, already
        os.setpgid(child, child)
    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    _, ended, usage = os.wait4(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    kill()  # what it started and left behind
    unit = 1 if sys.platform == "darwin" else 1024
    return os.waitstatus_to_exitcode(ended), usage.ru_maxrss * unit, time.monotonic() - began


def _work(work, stem, memory):
    """Be the child: never returns."""
    status = 1
    try:
        os.setpgid(0, 0)
        for number, end in ((1, "out"), (2, "err")):
            os.dup2(os.open(stem.with_suffix(f".{end}"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        work()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:  # noqa: BLE001 -- the child must end here, whatever happens
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
