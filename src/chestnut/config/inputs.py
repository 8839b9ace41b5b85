"""The `[input]` table of a recipe: the size and grey values of the images that a network takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chestnut.config.part import Part


class InputSpec(Part):
    """The input of a network: grey pixels of shape (height, width, channels), uint8, 0..255.

    The bundle contains it, so that prediction decodes images exactly as training did.
    """

    height: Annotated[int, Field(ge=16, le=2048, description="pixels")] = 224
    width: Annotated[int, Field(ge=16, le=2048, description="pixels")] = 224
    channels: Literal[1, 3] = Field(1, description="1, or 3 to repeat the grey value")
    resize: Literal["stretch", "fit", "crop"] = Field(
        "stretch", description="stretch to the shape, fit inside it and pad with black, or fill it and crop the middle"
    )
    intensity: Literal["none", "percentile", "equalise", "clahe"] = Field(
        "none",
        description="how each image's grey values are normalised: not at all, its 1st and 99th percentile to black and "
        "white, all grey values equally frequent, or the same in each of 8×8 tiles with limited contrast",
    )
    variants: Literal["none", "flip", "zoom", "both"] = Field(
        "none",
        description="versions of an image whose logits the trained network averages with the image's own: none, its "
        "mirror image, its middle nine tenths enlarged, or both",
    )

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one image: (height, width, channels)."""
        return (self.height, self.width, self.channels)
