"""Write a page of images that a network judged: each with a decision, probabilities and a map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chestnut.explain.gallery import Gallery, GalleryImage
from chestnut.report.identities import Identities
from chestnut.report.render import write_page
from chestnut.report.sections.cards import explain_maps, make_cards

#: The most bytes of pictures on a page; as text they take a third more, and the page stays below 5 MB.
_BYTES = 3_300_000


@dataclass(frozen=True)
class Remark:
    """What is to be known of an image beside its probabilities.

    Attributes:
        notes: Each a few words.
        flag: What warns of relying on the decision; empty if nothing does.
    """

    notes: tuple[str, ...] = ()
    flag: str = ""

    def __str__(self) -> str:
        return "; ".join(filter(None, (self.flag, *self.notes)))


@dataclass(frozen=True)
class PicturePage:
    """What a page of images says.

    Attributes:
        eyebrow: What kind of page it is.
        title: What it shows.
        lead: The main thing, in a sentence.
        gallery: The images with pictures.
        rows: The images without pictures.
        remarks: More about images, by their paths.
        notes: What is to be known of the images together.
        left: How many more images there are, which the page does not show.
        unread: What is wrong with the images that could not be read, in the order of their paths.
        synthetic: Whether the network was trained on synthetic images.
    """

    eyebrow: str
    title: str
    lead: str
    gallery: Gallery
    rows: tuple[GalleryImage, ...] = ()
    remarks: Mapping[str, Remark] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left: int = 0
    unread: tuple[str, ...] = ()
    synthetic: bool = False


def write_picture_page(page: PicturePage, path: Path, names: Identities) -> None:
    """Write images as one HTML file that opens offline and stays below 5 MB.

    Pictures for which there is no room are left out; the images then stand in the table.

    Args:
        page: What the page says.
        path: The page to write.
        names: What to call images and patients.

    Raises:
        DiskError: The disk is full or not writable.
    """
    room = _count_fitting(page.gallery)
    shown, cut = page.gallery.images[:room], page.gallery.images[room:]
    cards = make_cards(replace(page.gallery, images=shown), names)
    remarks = [page.remarks.get(image.path, Remark()) for image in shown]
    cards = [replace(card, notes=one.notes, flag=one.flag) for card, one in zip(cards, remarks, strict=True)]
    rows = [_make_row(row, page, names) for row in (*cut, *page.rows)]
    values = {
        "eyebrow": page.eyebrow,
        "title": page.title,
        "lead": page.lead,
        "cards": cards,
        "says": explain_maps(cards),
        "rows": rows,
        "labelled": any(row["label"] for row in rows),
        "noted": any(row["notes"] for row in rows),
        "notes": page.notes,
        "left": page.left,
        "unread": page.unread,
        "synthetic": page.synthetic,
    }
    write_page(path, "pictures.html", values, names, follow=True)


def _count_fitting(gallery: Gallery) -> int:
    """Return how many of the first images have pictures that the page has room for."""
    total = 0
    for number, image in enumerate(gallery.images):
        total += sum(len(gallery.pictures[name]) for name in (image.picture, image.overlay) if name)
        if total > _BYTES:
            return number
    return len(gallery.images)


def _make_row(row: GalleryImage, page: PicturePage, names: Identities) -> dict[str, Any]:
    """Return a row of the table of images without pictures."""
    return {
        "path": names.image(row.path, row.patient),
        "label": row.label,
        "decision": row.decision,
        "probability": row.probabilities[row.decision],
        "notes": str(page.remarks.get(row.path, "")),
    }
