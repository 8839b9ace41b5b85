"""The `[input]` table of a recipe: the size and grey values of the images that a network takes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from chestnut.config.part import Part

#: How pixels of one size become pixels of another; see `data.decoding.resize`.
Resample = Literal["area", "nearest", "linear", "bilinear", "bicubic"]


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
    resample: Resample = Field(
        "area",
        description="how pixels are resized: the mean over each pixel's area, or as other programs do it, for networks "
        "that were trained by them: Pillow's nearest, bilinear or bicubic, or linear, as OpenCV and TensorFlow",
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
    frame: Literal["whole", "lungs"] = Field(
        "whole", description="what fills the input: the whole image, or the box around its lungs"
    )
    margin: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.04,
        description="of a crop to the lungs: what is added to their box at the top and at each side, as a share of its "
        "height or width; one and a half times as much is added below",
    )
    outside: Literal["keep", "blank"] = Field(
        "keep", description="what is outside the hull around the lungs: kept, or made black"
    )
    inside: Literal["keep", "blank"] = Field(
        "keep", description="what is inside the hull around the lungs: kept, or made black"
    )

    @model_validator(mode="after")
    def _keep_something(self) -> Self:
        if self.outside == "blank" and self.inside == "blank":
            raise ValueError(
                "outside and inside are both blank, so that nothing is left to see; set one of the two to keep"
            )
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one image: (height, width, channels)."""
        return (self.height, self.width, self.channels)

    @property
    def needs_lungs(self) -> bool:
        """Whether the lungs of every image must be found, to crop to them or to blank a part of the image."""
        return self.frame == "lungs" or self.blanks

    @property
    def plain(self) -> InputSpec:
        """The same input, but with the whole image and its grey values as they are."""
        return self.model_copy(update={"frame": "whole", "outside": "keep", "inside": "keep", "intensity": "none"})

    @property
    def view(self) -> str:
        """What the network sees of an image, in words.

        >>> InputSpec(frame="lungs", outside="blank").view
        'cropped to the lungs with a margin of 4 %, black outside the lungs'
        """
        shown = f"cropped to the lungs with a margin of {100 * self.margin:.3g} %" if self.frame == "lungs" else "whole"
        black = [part for part, rule in (("outside", self.outside), ("inside", self.inside)) if rule == "blank"]
        return ", ".join((shown, *(f"black {part} the lungs" for part in black)))

    @property
    def blanks(self) -> bool:
        """Whether a part of every image is made black: what is outside the lungs, or inside."""
        return "blank" in (self.outside, self.inside)
