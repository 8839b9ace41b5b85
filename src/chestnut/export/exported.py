"""`Exported`: what is known of a network that was exported, as `export.json` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chestnut.export.int8_loss import Int8Loss
from chestnut.export.speed import Speed


@dataclass(frozen=True)
class Exported:
    """A network that was exported.

    Attributes:
        format: The format.
        folder: The folder with the network and what is known of it.
        files: The size of each file of the network in bytes, by its path inside the folder.
        hashes: The SHA-256 of each.
        images: The number of images that were compared with the network itself.
        difference: The largest difference of a probability, in 0..1.
        speed: Images a second.
        keras: Images a second of the network in Keras, measured in turns.
        versions: The libraries that wrote and read it.
        opset: The version of ONNX's operators; None of other formats.
        int8: What it loses by 8 bits; None where it has 32.
    """

    format: str
    folder: Path
    files: Mapping[str, int]
    hashes: Mapping[str, str]
    images: int
    difference: float
    speed: Speed
    keras: Speed
    versions: Mapping[str, str] = field(default_factory=dict)
    opset: int | None = None
    int8: Int8Loss | None = None

    @property
    def size(self) -> int:
        """The size of all files of the network in bytes."""
        return sum(self.files.values())

    def to_dict(self) -> dict[str, Any]:
        """Return what is known for JSON."""
        ratio = self.speed.over(self.keras)
        return {
            "format": self.format,
            "files": {name: {"bytes": size, "sha256": self.hashes[name]} for name, size in self.files.items()},
            "bytes": self.size,
            "parity": {"images": self.images, "difference": self.difference},
            "images_per_second": self.speed.to_dict(),
            "keras_images_per_second": self.keras.to_dict(),
            "times_as_fast_as_keras": ratio.to_dict(),
            "opset": self.opset,
            "int8": None if self.int8 is None else self.int8.to_dict(),
            "versions": dict(self.versions),
        }

    def _repr_html_(self) -> str:
        from chestnut.evaluation.html_table import html_table

        rows = [
            ("size", f"{self.size / 1e6:.1f} MB"),
            ("images a second", f"{self.speed.one:,.0f} one at a time, {self.speed.many:,.0f} of 32 at a time"),
            ("largest difference", f"{self.difference:.1g}"),
            *([] if self.int8 is None else [("loss", str(self.int8))]),
        ]
        return html_table(rows, title=f"{self.format}: {self.folder}")
