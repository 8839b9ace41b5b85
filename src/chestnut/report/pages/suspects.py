"""Write the page of suspected label errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chestnut.data.manifest import SPLITS
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.gallery import Gallery
from chestnut.mistakes.labels.suspects import Suspects
from chestnut.report.identities import Identities
from chestnut.report.render import write_page
from chestnut.report.sections.cards import Card, make_card
from chestnut.studies.held_out import HeldOut


def write_suspects_page(
    path: Path, held: HeldOut, found: Suspects, gallery: Gallery, *, identities: bool = False
) -> None:
    """Write suspected label errors as one HTML file that opens offline.

    Args:
        path: The page to write.
        held: The predictions in which they were found.
        found: The suspects.
        gallery: Pictures of the first of them.
        identities: Whether to show the names of images, patients and folders. Otherwise the page has numbers in their
            place, which identities.csv in the folder of the run or the cross-validation explains.

    Raises:
        DataError: identities.csv is damaged.
        DiskError: The disk is full or not writable.
    """
    facts = held.manifest.facts()
    names = Identities.of_folder(held.folder, facts, held.manifest.frame, shown=identities)
    values = {
        "title": held.folder.resolve().name,
        "data": names.folder(held.data),
        "synthetic": held.manifest.synthetic,
        "found": found,
        "lead": found.sentences[0],
        "sentences": found.sentences[1:],
        "noise": _noise_rows(found),
        "errors": [split for split in SPLITS if (held.folder / "errors" / split / "errors.html").is_file()],
        "cards": [_make_card(place, found, gallery, names) for place in range(len(gallery.images))],
        "meaning": next((image.meaning for image in gallery.images if image.meaning), ""),
    }
    write_page(path, "suspects.html", values, names)


def _noise_rows(found: Suspects) -> list[tuple[str, list[str]]]:
    """Return each given class with its estimated shares as they are written."""
    return [(given, [_share(one) for one in shares]) for given, shares in zip(found.classes, found.noise, strict=True)]


def _share(one: Estimate) -> str:
    if one.value is None or one.low is None or one.high is None:
        return "–"
    return f"{100 * one.value:.1f}\u00a0% ({100 * one.low:.1f}–{100 * one.high:.1f}\u00a0%)"


def _make_card(place: int, found: Suspects, gallery: Gallery, names: Identities) -> Card:
    """Return the card of a suspect, which has no true class and no decision: that is what a review has to find."""
    suspect = found.listed[place]
    note = f"Labelled {suspect.label}; {suspect.suggested} is suggested."
    card = make_card(gallery.images[place], gallery, names)
    shares = tuple(replace(share, role="") for share in card.shares)
    return replace(card, label="", decision="", shares=shares, notes=(note,))
