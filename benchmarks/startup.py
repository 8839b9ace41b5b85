"""Measure how long `chestnut --help` and `import chestnut` take, as whole processes, and an empty Python beside them.

python -m benchmarks.startup [--rounds 11]
python -m benchmarks.startup --first-sign [--rounds 3]

With `--first-sign`, how long each command takes until a terminal shows its first letter. The commands are given a path
that does not exist: the line that says that a command starts comes before it looks at its arguments.
"""

from __future__ import annotations

import argparse
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

COMMANDS = {
    "python": [sys.executable, "-c", "pass"],
    "import chestnut": [sys.executable, "-c", "import chestnut"],
    "chestnut --help": [str(Path(sys.executable).with_name("chestnut")), "--help"],
}


def seconds(command: list[str]) -> float:
    """Return the wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def run(rounds: int = 11) -> dict[str, float]:
    """Return the median seconds of each command; they run in turns after one warm-up."""
    for command in COMMANDS.values():
        seconds(command)
    found = [{name: seconds(command) for name, command in COMMANDS.items()} for _ in range(rounds)]
    return {name: median(row[name] for row in found) for name in COMMANDS}


def first_sign(name: str) -> float:
    """Return the seconds from the start of a command to the first byte that its terminal receives."""
    master, slave = pty.openpty()
    started = time.perf_counter()
    process = subprocess.Popen([*COMMANDS["chestnut --help"][:1], name, "nowhere"], stdout=slave, stderr=slave)
    os.close(slave)
    os.read(master, 1)
    seconds = time.perf_counter() - started
    process.kill()
    process.wait()
    os.close(master)
    return seconds


def run_first_signs(rounds: int) -> dict[str, float]:
    """Return the median seconds until each command shows something; they run in turns."""
    from chestnut.cli import COMMANDS as NAMES

    found = [{name: first_sign(name) for name in NAMES} for _ in range(rounds)]
    return {f"chestnut {name}": median(row[name] for row in found) for name in NAMES}


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--first-sign", action="store_true")
    given = parser.parse_args()
    for name, value in (run_first_signs if given.first_sign else run)(given.rounds).items():
        print(f"{name}: {value:.3f} s")


if __name__ == "__main__":
    main()
