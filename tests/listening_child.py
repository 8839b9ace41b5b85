"""A program that runs a listener for each line that it reads, and waits until somebody kills that listener."""

import os
import signal
import sys
from pathlib import Path

import highdicom.sc
import highdicom.sr  # noqa: F401 -- once, and not in each of the listeners

from dicom_peers import listening

if __name__ == "__main__":
    for _ in sys.stdin:
        listener = os.fork()
        if not listener:
            with listening(Path(sys.argv[1])) as running:
                sys.stdout.write(f"{os.getpid()} {running.port}\n")
                sys.stdout.flush()
                signal.pause()
        os.waitpid(listener, 0)
