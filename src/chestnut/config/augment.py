"""The `[augment]` table of a recipe: the random changes made to training images."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chestnut.config.part import Fraction, Part, Rate


class AugmentConfig(Part):
    """The ranges of the random changes made to training images; zero leaves a change out.

    Images are reframed before they reach the device. The other changes are made there, in this order: style, geometry,
    grey values, covering, loss of detail.
    """

    clean: Rate = Field(0.0, description="share of the images that each of these five kinds leaves unchanged")
    reframe: Fraction = Field(
        0.0, description="share of images whose lungs are placed where another training image has its lungs"
    )
    style: Fraction = Field(
        0.0, description="share of images that take on the grey values of another image (histogram matching)"
    )
    fourier: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.0, description="greatest frequency, in cycles per pixel, whose amplitude is mixed with another image's"
    )
    flip: bool = Field(False, description="mirror left and right, half of the time")
    rotation: Annotated[float, Field(ge=0, le=180)] = Field(0.0, description="degrees either way")
    shift: Fraction = Field(0.0, description="share of the side, either way, along each axis")
    zoom: Rate = Field(0.0, description="share by which the image grows or shrinks")
    aspect: Rate = Field(0.0, description="log-uniform ratio of width to height between 1-aspect and 1/(1-aspect)")
    shear: Annotated[float, Field(ge=0, lt=90)] = Field(0.0, description="degrees either way")
    fill: Literal["constant", "nearest", "reflect"] = Field(
        "constant", description="what fills the area beyond the edge: black, the edge's pixels or a mirror image"
    )
    brightness: Fraction = Field(0.0, description="share of the full range added or subtracted")
    contrast: Rate = Field(0.0, description="share by which contrast rises or falls, around the image's mean")
    gamma: Rate = Field(0.0, description="log-uniform exponent between 1-gamma and 1/(1-gamma)")
    detail: Rate = Field(0.0, description="log-uniform gain of fine detail between 1-detail and 1/(1-detail)")
    noise: Fraction = Field(0.0, description="greatest standard deviation of Gaussian noise, share of the full range")
    blur: Annotated[float, Field(ge=0, le=20)] = Field(
        0.0, description="greatest standard deviation of a Gaussian blur, in pixels"
    )
    border: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.0, description="greatest share of the side blacked out along each edge; each edge half of the time"
    )
    erase: Fraction = Field(0.0, description="greatest side of a rectangle of one random grey, share of the image's")
    marker: Fraction = Field(
        0.0, description="greatest height of a bright, letter-like mark, share of the side; half of the time"
    )
    resolution: Rate = Field(
        0.0, description="greatest share of the resolution lost: shrunk to between 1-resolution and 1, then enlarged"
    )
    jpeg: Rate = Field(0.0, description="greatest share of the JPEG quality lost: quality from 100·(1-jpeg) to 100")

    @property
    def mixing(self) -> bool:
        """Whether any change mixes in another image."""
        return any((self.style, self.fourier))

    @property
    def geometric(self) -> bool:
        """Whether any change moves pixels."""
        return self.flip or any((self.rotation, self.shift, self.zoom, self.aspect, self.shear))

    @property
    def photometric(self) -> bool:
        """Whether any change alters grey values."""
        return any((self.brightness, self.contrast, self.gamma, self.detail, self.noise, self.blur))

    @property
    def covering(self) -> bool:
        """Whether any change hides part of an image."""
        return any((self.border, self.erase, self.marker))

    @property
    def degrading(self) -> bool:
        """Whether any change removes detail."""
        return any((self.resolution, self.jpeg))
