"""Convert a foreign file in a process of its own, and see that the network answers as before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from chestnut.errors import ForeignFileError
from chestnut.importing.request import ANSWERS, IMAGES, NETWORK, OUTCOME, Request

#: The largest difference of a probability from that of the network in the file.
TOLERANCE: Final = 1e-6

#: The addresses of the process: what Keras and TensorFlow take, and several times the file.
_MEMORY, _FILES = 6 * 2**30, 8

#: The seconds that the process may take, and those for each byte of the file.
_SECONDS, _SECONDS_A_BYTE = 300.0, 2e-6


@dataclass(frozen=True)
class Converted:
    """A network that was taken over.

    Attributes:
        network: The `.keras` file of the flat network of logits.
        head: `sigmoid` for one logit, `softmax` for one a class.
        images: The number of images by which its answers were compared.
        difference: The largest difference of a probability.
        plain: Whether they were compared with those of Keras, which opened the file by itself; otherwise Keras cannot
            open it, and they were compared with those of the network as it was mended.
    """

    network: Path
    head: str
    images: int
    difference: float
    plain: bool


def memory_for(size: int) -> int:
    """Return the bytes of addresses that the process may have for a file of a size in bytes."""
    return _MEMORY + _FILES * size


def convert_file(request: Request, images: npt.NDArray[np.uint8], folder: Path) -> Converted:
    """Convert a foreign file.

    Args:
        request: What to do.
        images: Grey values by which answers are compared, shape (n, height, width).
        folder: An empty folder, which receives the network.

    Raises:
        ForeignFileError: The file is refused, takes too much memory or time, or the converted network gives other
            answers.
    """
    request.write(folder)
    np.save(folder / IMAGES, images)
    _run(request, folder)
    outcome = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
    if "refused" in outcome:
        raise ForeignFileError(outcome["refused"])
    if "starved" in outcome:
        raise _starved(request)
    with np.load(folder / ANSWERS) as answers:
        ours, theirs = answers["ours"], answers["theirs"]
    difference = float(np.abs(ours - theirs).max())
    if not difference <= TOLERANCE:  # NaN is not either
        raise ForeignFileError(
            f"{request.file} cannot be imported: as chestnut builds it, its network gives probabilities that differ by "
            f"up to {difference:.2g} from those of the file, more than the {TOLERANCE:g} that is allowed"
        )
    return Converted(folder / NETWORK, outcome["head"], len(images), difference, outcome["plain"])


def _run(request: Request, folder: Path) -> None:
    """Run the process, and see that it ends well."""
    seconds = _SECONDS + _SECONDS_A_BYTE * Path(request.file).stat().st_size
    variables = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "chestnut.importing.child", str(folder)]
    with (folder / "log.txt").open("w+", encoding="utf-8", errors="replace") as log:
        try:
            done = subprocess.run(
                command, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise ForeignFileError(
                f"{request.file} cannot be imported: its network was not converted within {seconds:.0f} seconds"
            ) from None
        log.seek(0)
        said = log.read().strip().splitlines()
    if (folder / OUTCOME).is_file():
        return
    if done.returncode < 0 or any("alloc" in line.lower() or "memory" in line.lower() for line in said[-20:]):
        raise _starved(request)
    last = said[-1][:200] if said else "no reason given"
    raise ForeignFileError(f"{request.file} cannot be imported: the process that opened it failed ({last})")


def _starved(request: Request) -> ForeignFileError:
    return ForeignFileError(
        f"{request.file} cannot be imported: its network takes more than the {request.memory / 1e9:.1f} GB of memory "
        "that a file of its size is allowed"
    )
