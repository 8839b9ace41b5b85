"""The methods by which a map can be made, and what the values of each say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

#: A way to make a map. The first two need answers of a network alone, and the others its gradients.
Method = Literal[
    "activation",
    "occlusion",
    "gradcam",
    "gradcam++",
    "hirescam",
    "layercam",
    "eigencam",
    "integrated-gradients",
    "smoothgrad",
]

#: What may be asked for: a method, or the exact one where the network has it and occlusion elsewhere.
Choice = Literal["auto", Method]

#: What may be asked for where networks run without Keras.
LightChoice = Literal["auto", "activation", "occlusion"]

METHODS: Final[tuple[Method, ...]] = get_args(Method)
CHOICES: Final[tuple[Choice, ...]] = get_args(Choice)

#: The methods that weigh the maps of a convolution.
LAYER_METHODS: Final[tuple[Method, ...]] = ("gradcam", "gradcam++", "hirescam", "layercam", "eigencam")

#: The methods that follow the gradient down to the pixels.
PIXEL_METHODS: Final[tuple[Method, ...]] = ("integrated-gradients", "smoothgrad")


#: What the methods are called in text.
TITLES: Final[dict[str, str]] = {
    "activation": "class activation",
    "occlusion": "occlusion",
    "gradcam": "Grad-CAM",
    "gradcam++": "Grad-CAM++",
    "hirescam": "HiResCAM",
    "layercam": "Layer-CAM",
    "eigencam": "Eigen-CAM",
    "integrated-gradients": "integrated gradients",
    "smoothgrad": "SmoothGrad",
}


@dataclass(frozen=True)
class Meaning:
    """What the values of a map say.

    Attributes:
        says: The meaning of a value, as a clause.
        in_logits: Whether the values are shares of the score, in logits, so that small ones mean little evidence.
        signed: Whether negative values speak against the class; the other methods have none.
        of_class: Whether the map is of a class; otherwise it is the same for all classes.
    """

    says: str
    in_logits: bool = True
    signed: bool = True
    of_class: bool = True


#: What the values of each method say.
MEANINGS: Final[dict[Method, Meaning]] = {
    "activation": Meaning(
        "how much each place adds to the score; the mean over all places, plus a constant, is the score"
    ),
    "occlusion": Meaning("how much the score falls when the surroundings of a place are hidden"),
    "gradcam": Meaning(
        "the maps of the last convolution, each weighted by the mean of its gradient; what speaks against the class "
        "is not shown",
        signed=False,
    ),
    "gradcam++": Meaning(
        "the maps of the last convolution, weighted by where their gradients speak for the class",
        in_logits=False,
        signed=False,
    ),
    "hirescam": Meaning(
        "the maps of the last convolution times their gradients, place by place; exact where only linear layers follow"
    ),
    "layercam": Meaning(
        "the maps of the last convolution times the part of their gradients that speaks for the class", signed=False
    ),
    "eigencam": Meaning(
        "what the maps of the last convolution have most in common; it is the same for every class",
        in_logits=False,
        signed=False,
        of_class=False,
    ),
    "integrated-gradients": Meaning(
        "how much each pixel adds to the score on the way from a black image to this one; the mean over all pixels "
        "is the change of the score"
    ),
    "smoothgrad": Meaning(
        "how strongly the score reacts to a small change of each pixel, in the mean over noisy copies of the image",
        in_logits=False,
        signed=False,
    ),
}


def name_method(method: str) -> str:
    """Return what a method is called in text; a name that is not known stays as it is.

    >>> name_method("hirescam"), name_method("of a later chestnut")
    ('HiResCAM', 'of a later chestnut')
    """
    return TITLES.get(method, method)
