"""`InputSpec`: what a network is fed. It stands in the recipe and travels in the bundle."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chestnut.config.part import Part


class InputSpec(Part):
    """What a network is fed: uint8 pixels in 0..255, grey, of shape (height, width, channels).

    It travels in the bundle, so that training and prediction decode alike.
    """

    height: Annotated[int, Field(ge=16, le=2048, description="pixels")] = 224
    width: Annotated[int, Field(ge=16, le=2048, description="pixels")] = 224
    channels: Literal[1, 3] = Field(1, description="1, or 3 where the grey is repeated")
    resize: Literal["stretch", "fit", "crop"] = Field(
        "stretch", description="stretch to the shape, fit inside it and pad with black, or fill it and crop the middle"
    )

    intensity: Literal["none", "percentile", "equalise", "clahe"] = Field(
        "none",
        description="what each image's grey values are brought to: left as they are, its 1st and 99th percentile to "
        "black and white, all grey values equally frequent, or that in each of 8×8 tiles with limited contrast",
    )
    variants: Literal["none", "flip", "zoom", "both"] = Field(
        "none",
        description="versions of an image whose logits are averaged with its own once the network is trained: none, "
        "its mirror image, its middle nine tenths enlarged, or both",
    )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return (self.height, self.width, self.channels)
