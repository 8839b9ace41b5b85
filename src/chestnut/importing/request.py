"""`Request`: what the process that opens a foreign file is to do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from chestnut.config.imported import Scale

#: The files in the folder that the process works in: what it is given, and what it leaves.
REQUEST, IMAGES, NETWORK, ANSWERS, OUTCOME = (
    *("request.json", "images.npy", "network.keras", "answers.npz", "outcome.json"),
)


@dataclass(frozen=True)
class Request:
    """A foreign file, and what is not in it.

    Attributes:
        file: The path of the file.
        sha256: The SHA-256 that it had.
        height: The height of its input in pixels.
        width: The width of its input in pixels.
        channels: The channels of its input, 1 or 3.
        scale: The grey values that it was trained on.
        classes: The number of classes.
        order: The number of the network's class for each class of the bundle.
        memory: The bytes of addresses that the process may have.
    """

    file: str
    sha256: str
    height: int
    width: int
    channels: int
    scale: Scale
    classes: int
    order: tuple[int, ...]
    memory: int

    def write(self, folder: Path) -> None:
        """Write the request into the folder that the process works in."""
        (folder / REQUEST).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the request that `write` wrote."""
        values = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
        return cls(**values | {"order": tuple(values["order"])})
