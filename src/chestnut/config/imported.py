"""The `[model]` table of a network that was trained elsewhere and is not trained here."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from chestnut.config.part import Part

#: The grey values that a network was trained on: as they are, divided by 255, or from -1 to 1.
Scale = Literal["0-255", "0-1", "-1-1"]


#: What makes grey values 0..255 those that a network was trained on: a factor, and what is then added.
SCALES: Final[dict[Scale, tuple[float, float]]] = {
    "0-255": (1.0, 0.0),
    "0-1": (1 / 255, 0.0),
    "-1-1": (1 / 127.5, -1.0),
}


class ImportedConfig(Part):
    """A network from a file of another program; only `chestnut import` writes it."""

    network: Literal["imported"] = "imported"
    file: Annotated[str, Field(min_length=1, description="the name of the file")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="the SHA-256 of the file")]
    scale: Scale = Field(description="the grey values that the network was trained on")
    outputs: Annotated[tuple[str, ...], Field(min_length=2, description="the classes in the order of its outputs")]
    head: Literal["softmax", "sigmoid"] = Field("softmax", description="a logit per class, or one for two classes")
