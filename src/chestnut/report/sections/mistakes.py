"""Read the worst mistakes of an evaluation for its report, with pictures where there are any."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chestnut.data.thumbnails import thumbnail
from chestnut.errors import ImageError
from chestnut.explain.gallery import Gallery, GalleryImage
from chestnut.explain.mistake_gallery import MOST, SIDE, find_mistakes, read_mistakes
from chestnut.report.identities import Identities
from chestnut.report.sections.cards import Card, explain_maps, make_cards
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class Mistake:
    """A wrongly decided image, with the probabilities of its true class and of the class decided."""

    image: str
    patient: str
    label: str
    decision: str
    true_probability: float
    decided_probability: float


@dataclass(frozen=True)
class MistakeSection:
    """The wrong decisions of an evaluation.

    Attributes:
        wrong: How many there are.
        rows: Those whose true class got the least probability.
        cards: The same as cards; empty where there is not one picture.
        says: What the maps on the cards show; empty if there are none.
    """

    wrong: int
    rows: tuple[Mistake, ...]
    cards: tuple[Card, ...]
    says: str


def read_mistake_section(run: RunFolder, name: str, classes: Sequence[str], names: Identities) -> MistakeSection | None:
    """Read the worst mistakes of an evaluation; None where predictions.csv is missing.

    The pictures are those that the evaluation saved; where there are none, they are made of the image files, if these
    can be read.

    Args:
        run: The run.
        name: The name of the evaluation.
        classes: The class names in the order of the network's outputs.
        names: What to call images and patients.

    Raises:
        DataError: predictions.csv is damaged.
    """
    if not (run.evaluation(name) / "predictions.csv").exists():
        return None
    found = find_mistakes(run.predictions(name, classes))
    rows = found.head(MOST).to_dict("records")
    gallery = _picture(rows, classes, read_mistakes(run, name) or Gallery((), {}))
    cards = tuple(make_cards(gallery, names)) if gallery.pictures else ()
    return MistakeSection(len(found), tuple(_mistake(row, names) for row in rows), cards, explain_maps(cards))


def _picture(rows: Sequence[Mapping[Hashable, Any]], classes: Sequence[str], saved: Gallery) -> Gallery:
    """Return the mistakes with the pictures that were saved, or with new ones of the image files."""
    images, pictures = [], dict(saved.pictures)
    for number, row in enumerate(rows):
        shares = {each: float(row[f"probability_{each}"]) for each in classes}
        known, decision = saved.find(row["path"]), row["decision"]
        image = GalleryImage(row["path"], row["patient"], row["label"], decision, shares)
        if known is not None and known.picture and known.decision == decision:
            image = replace(known, label=row["label"], probabilities=shares)
        elif content := _read_thumbnail(row["path"]):
            image = replace(image, picture=f"new-{number}")
            pictures[image.picture] = content
        images.append(image)
    used = {name for image in images for name in (image.picture, image.overlay)}
    return Gallery(tuple(images), {name: content for name, content in pictures.items() if name in used})


def _read_thumbnail(path: str) -> bytes | None:
    try:
        return thumbnail(path, SIDE)
    except ImageError:  # the images are often elsewhere by now
        return None


def _mistake(row: Mapping[Hashable, Any], names: Identities) -> Mistake:
    return Mistake(
        names.image(row["path"], row["patient"]),
        names.patient(row["patient"]),
        row["label"],
        row["decision"],
        row[f"probability_{row['label']}"],
        row[f"probability_{row['decision']}"],
    )
