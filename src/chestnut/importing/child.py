"""The process that opens a foreign file: it has little memory to take, and nothing to lose.

It builds the network, makes it flat and one of logits, and computes the answers of both to the same images.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.config.imported import SCALES
from chestnut.errors import ForeignFileError
from chestnut.evaluation.softmax import probabilities
from chestnut.importing.request import ANSWERS, IMAGES, NETWORK, OUTCOME, Request
from chestnut.models.backend.choice import choose_backend

#: The number of images that are computed together.
_BATCH = 8


def convert(folder: Path, request: Request) -> dict[str, Any]:
    """Convert the network of a foreign file; write it, and the answers of both forms, into the folder.

    Args:
        folder: The folder that the process works in.
        request: What is to be done.

    Returns:
        The head, and the form of the network that its answers are compared with.

    Raises:
        ForeignFileError: The file cannot be taken over.
        ValueError: Its network cannot be built or converted.
    """
    from chestnut.models.foreign.file import ForeignFile
    from chestnut.models.foreign.flatten import flatten, reorder, with_logits
    from chestnut.models.foreign.rebuild import load_plainly, rebuild

    file = ForeignFile.read(Path(request.file))
    if file.sha256 != request.sha256:
        raise ValueError("it was changed while it was read; run the command again")
    shape = (request.height, request.width, request.channels)
    graph = replace(file.graph, shape=shape)
    network = rebuild(file, graph)
    network, head = with_logits(flatten(graph, network, request.scale), request.classes)
    reorder(network, request.order)
    network.save(folder / NETWORK)
    plain = None if any("float16" in note for note in file.mended) else load_plainly(file)
    original = rebuild(file, graph) if plain is None else plain
    _write_answers(folder, request, network, original)
    return {"head": head, "plain": plain is not None}


def _write_answers(folder: Path, request: Request, network: Any, original: Any) -> None:
    """Compute the probabilities of both forms of a network, and write them."""
    from chestnut.models.foreign.rebuild import answer

    factor, offset = (np.float32(number) for number in SCALES[request.scale])
    images = np.load(folder / IMAGES)
    ours, theirs = [], []
    for start in range(0, len(images), _BATCH):
        grey = images[start : start + _BATCH].astype(np.float32)
        seen = np.repeat(grey[..., None], request.channels, axis=-1)
        ours.append(answer(network, seen))
        theirs.append(answer(original, seen * factor + offset))
    given = _both(np.concatenate(theirs).astype(np.float64))[:, list(request.order)]
    np.savez(folder / ANSWERS, ours=probabilities(np.concatenate(ours).astype(np.float64), 1.0), theirs=given)


def _both(outputs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the probability of each class, where one sigmoid gives that of the second alone."""
    return np.concatenate([1 - outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs


def _limit(memory: int) -> None:
    """Let this process have no more addresses than it needs."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _main(folder: Path) -> None:
    request = Request.read(folder)
    choose_backend()
    _limit(request.memory)
    from chestnut.models.device import backend_errors

    starved: tuple[type[Exception], ...] = (MemoryError, *backend_errors())
    try:
        outcome = convert(folder, request)
    except ForeignFileError as error:
        outcome = {"refused": str(error)}
    except starved as error:
        outcome = {"starved": " ".join(str(error).split())[:200]}
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, OSError) as error:
        # what Keras raises for networks that cannot be built
        outcome = {"refused": f"{request.file} cannot be imported: {' '.join(str(error).split())[:400]}"}
    (folder / OUTCOME).write_text(json.dumps(outcome), encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
