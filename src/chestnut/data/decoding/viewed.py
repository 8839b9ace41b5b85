"""Decode an image twice over: as a network sees it, and the whole of it before anything was done to it.

What an image shows is judged on the whole image, since a crop, equalised grey values or a blackened part hide it.
"""

from __future__ import annotations

from typing import NamedTuple

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import quiet, render
from chestnut.data.decoding.frame import Framed
from chestnut.data.decoding.intensity import standardise
from chestnut.data.decoding.raw import Raw, fetched
from chestnut.data.pixels import Grey


class Viewed(NamedTuple):
    """An image, as a network sees it and as it is.

    Attributes:
        framed: The image as the network sees it.
        view: The whole image, its grey values as they are, uint8, shape (height, width) of the input.
    """

    framed: Framed
    view: Grey


def view_spec(spec: InputSpec) -> InputSpec:
    """Return how to decode the whole of an image at the size of an input.

    >>> view_spec(InputSpec(frame="lungs", resize="crop")).resize
    'stretch'
    """
    return spec.plain.model_copy(update={"resize": "stretch"}) if spec.needs_lungs else spec.plain


def decode_viewed(reference: str, spec: InputSpec) -> Viewed:
    """Decode one image; its `framed` is what `decode_framed` returns.

    Args:
        reference: A path, or `archive.npz#train/17`.
        spec: The input.

    Raises:
        ImageError: The image cannot be read, as `decode` says.
    """
    with quiet(), fetched(reference) as raw:
        return render_viewed(raw, spec)


def render_viewed(raw: Raw, spec: InputSpec) -> Viewed:
    """Decode what was read already, with the result and errors of `decode_viewed`; call it inside `quiet`."""
    view = render(raw, view_spec(spec)).image
    if spec.needs_lungs:
        return Viewed(render(raw, spec), view)
    return Viewed(Framed(standardise(view, spec.intensity), True), view)
