"""The kinds of keras-hub backbones that chestnut can use, and how the features of each are gathered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

#: What becomes of a backbone's output: maps and tokens are averaged, or the first token speaks for all.
Gather = Literal["maps", "tokens", "class token"]


@dataclass(frozen=True)
class Family:
    """A kind of backbone.

    Attributes:
        name: The name of its class in keras-hub, without `Backbone`.
        gather: How its features are gathered.
        shape: The argument of its class for the shape of the image.
        positions: Whether it has one learnt vector for each place of an image, which other sizes interpolate.
        stack: The class of its layer that is a stack of blocks, and the attribute that lists them; empty without one.
        square: Whether it takes only square images.
    """

    name: str
    gather: Gather = "maps"
    shape: str = "image_shape"
    positions: bool = False
    stack: tuple[str, str] = ("", "")
    square: bool = False

    @property
    def kind(self) -> str:
        """The name of the class."""
        return f"{self.name}Backbone"


_FAMILIES: Final = (
    Family("CSPNet"),
    Family("DINOV2", "class token", positions=True, stack=("DINOV2Encoder", "layers"), square=True),
    Family("DINOV3", "class token", stack=("DINOV3Encoder", "layers"), square=True),
    Family("DeiT", "class token", positions=True, stack=("DeiTEncoder", "encoder_layers")),
    Family("DenseNet"),
    Family("EfficientNet", shape="input_shape"),
    Family("HGNetV2"),
    Family("MiT"),
    Family("MobileNet"),
    Family("ResNet"),
    Family("SwinTransformer", "tokens", stack=("SwinTransformerStage", "blocks")),
    Family("VGG"),
    Family("ViT", "class token", positions=True, stack=("ViTEncoder", "encoder_layers")),
    Family("Xception"),
)

#: By the name of the class.
FAMILIES: Final[dict[str, Family]] = {family.kind: family for family in _FAMILIES}


def find_family(backbone: object) -> Family | None:
    """Return the family of a layer or network; None for what is no backbone of keras-hub."""
    kind = type(backbone)
    return FAMILIES.get(kind.__name__) if kind.__module__.startswith("keras_hub.") else None
