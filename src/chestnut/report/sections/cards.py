"""`Card`: an image on a page, with its truth, the decision, the probabilities and the places that speak for a class."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace

from chestnut.explain.gallery import Gallery, GalleryImage
from chestnut.explain.methods import name_method
from chestnut.report.identities import Identities, Replaced

#: The most classes whose probabilities a card shows.
_CLASSES = 3


@dataclass(frozen=True)
class Share:
    """The probability of a class on a card.

    Attributes:
        name: The class.
        value: Its probability.
        role: "true", "decided", "right" for both, or empty.
    """

    name: str
    value: float
    role: str


@dataclass(frozen=True)
class Small:
    """A small picture under a card.

    Attributes:
        picture: The picture as a `data:` address; empty where the image could not be read.
        caption: A few words.
        alt: What the picture shows, for those who cannot see it.
    """

    picture: str
    caption: str
    alt: str


@dataclass(frozen=True)
class Strip:
    """Small pictures in a row under a card.

    Attributes:
        title: What they are.
        pictures: The pictures.
    """

    title: str
    pictures: tuple[Small, ...]


@dataclass(frozen=True)
class Card:
    """An image on a page.

    Attributes:
        image: What to call it.
        patient: What to call its patient; empty if not known.
        label: The true class; empty if not known.
        decision: The class that is decided; empty if there is none.
        shares: The probabilities of the classes to show, the likeliest first.
        picture: The picture as a `data:` address; empty where the image could not be read.
        overlay: The picture with the map over it; empty without a map.
        of: The class that the map is of.
        evidence: Whether any place speaks for that class.
        meaning: What the values of the map say.
        method: How the map was made, in words; empty without a map.
        notes: More about the image, each a sentence or a few words.
        strips: Other images that belong to it.
        flag: What warns of relying on the decision; empty if nothing does.
    """

    image: str
    patient: str = ""
    label: str = ""
    decision: str = ""
    shares: tuple[Share, ...] = ()
    picture: str = ""
    overlay: str = ""
    of: str = ""
    evidence: bool = False
    meaning: str = ""
    method: str = ""
    notes: tuple[str, ...] = ()
    strips: tuple[Strip, ...] = ()
    flag: str = ""

    @property
    def wrong(self) -> bool:
        """Whether the decision is known to be wrong."""
        return bool(self.label and self.decision) and self.label != self.decision

    @property
    def alt(self) -> str:
        """What the picture shows, for those who cannot see it."""
        truth = f", true class {self.label}" if self.label else ""
        decided = f", decided {self.decision}" if self.decision else ""
        return f"Radiograph {self.image}{truth}{decided}"


def make_cards(gallery: Gallery, names: Identities) -> list[Card]:
    """Return the cards of a gallery.

    Args:
        gallery: The images.
        names: What to call images and patients.
    """
    return [make_card(image, gallery, names) for image in gallery.images]


def make_card(image: GalleryImage, gallery: Gallery, names: Identities) -> Card:
    """Return the card of one image of a gallery; the arguments are those of `make_cards`."""
    card = Card(
        image=names.image(image.path, image.patient),
        patient=names.patient(image.patient),
        label=image.label,
        decision=image.decision,
        shares=_choose_shares(image),
    )
    if image.picture:
        card = replace(card, picture=jpeg_address(gallery.pictures[image.picture]))
    if image.overlay:
        overlay = jpeg_address(gallery.pictures[image.overlay])
        card = replace(card, overlay=overlay, of=image.explained, evidence=image.evidence, meaning=image.meaning)
        card = replace(card, method=name_method(image.method))
    return card


def jpeg_address(content: bytes) -> Replaced:
    """Return a JPEG as a `data:` address, in which no name is sought."""
    return Replaced(f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}")


def explain_maps(cards: Iterable[Card]) -> str:
    """Say what the maps of cards show, as a clause for each method; empty if there are none."""
    return "; ".join(dict.fromkeys(card.meaning for card in cards if card.overlay))


def _choose_shares(image: GalleryImage) -> tuple[Share, ...]:
    """Return the true and the decided class, and the likeliest others, up to `_CLASSES`; the likeliest first."""
    ranked = sorted(image.probabilities, key=lambda name: -image.probabilities[name])
    wanted = [name for name in dict.fromkeys((image.decision, image.label)) if name in image.probabilities]
    chosen = [*wanted, *(name for name in ranked if name not in wanted)][:_CLASSES]
    roles = {image.label: "true", image.decision: "decided"}
    if image.label == image.decision:
        roles = {image.label: "right"}
    return tuple(Share(name, image.probabilities[name], roles.get(name, "")) for name in ranked if name in chosen)
