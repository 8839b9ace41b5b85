"""Measure how long `chestnut --help` and `import chestnut` take, as whole processes, and an empty Python beside them.

python -m benchmarks.startup [--rounds 11]
"""

from __future__ import annotations

import argparse
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


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=11)
    for name, value in run(parser.parse_args().rounds).items():
        print(f"{name}: {value:.3f} s")


if __name__ == "__main__":
    main()
