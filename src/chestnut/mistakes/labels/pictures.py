"""Draw suspected label errors with the places that speak for the suggested class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chestnut.explain.gallery import Gallery, GalleryImage, make_gallery
from chestnut.explain.methods import Choice
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine
from chestnut.mistakes.labels.suspects import Suspect
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder

#: The most suspects that are drawn.
MOST_DRAWN = 24

Open = Callable[[RunFolder], tuple[Bundle, Engine]]


def draw_suspects(
    suspects: Sequence[Suspect],
    classes: Sequence[str],
    judges: Mapping[str, RunFolder],
    open_run: Open,
    method: Choice = "auto",
    bars: Bars = silent,
) -> Gallery:
    """Draw the first suspects, each with the map of the network that judged it.

    Args:
        suspects: The suspects, of which at most 24 are drawn.
        classes: The class names.
        judges: The run that judged each image, by the image's path.
        open_run: Opens the bundle and the network of a run; it is called once for each run.
        method: How to make the maps.
        bars: Shows the progress.

    Returns:
        A gallery in the order of the suspects. The decision of an image is the suggested class.

    Raises:
        BundleError: A bundle is missing or was changed.
        ExplanationError: A network does not allow the method.
    """
    chosen = suspects[:MOST_DRAWN]
    by_run: dict[Path, list[int]] = {}
    for place, one in enumerate(chosen):
        by_run.setdefault(judges[one.path].path, []).append(place)
    images: dict[int, GalleryImage] = {}
    pictures: dict[str, bytes] = {}
    with bars("Drawing suspects") as tick:
        for path, places in by_run.items():
            bundle, engine = open_run(RunFolder(path))
            rows = [_row(chosen[place], classes) for place in places]
            drawn = make_gallery(bundle, engine, rows, method=method)
            for place, image in zip(places, drawn.images, strict=True):
                images[place], named = _rename(image, drawn, f"{place + 1:04d}")
                pictures |= named
            tick(len(images), len(chosen))
    return Gallery(tuple(images[place] for place in sorted(images)), pictures)


def _row(suspect: Suspect, classes: Sequence[str]) -> GalleryImage:
    known = {suspect.label: suspect.label_probability, suspect.suggested: suspect.suggested_probability}
    probabilities = {name: known[name] for name in classes if name in known}
    return GalleryImage(
        suspect.path, suspect.patient, suspect.label, suspect.suggested, probabilities, of=suspect.suggested
    )


def _rename(image: GalleryImage, drawn: Gallery, name: str) -> tuple[GalleryImage, dict[str, bytes]]:
    """Return an image, and its pictures, under the number that it has among all suspects."""
    pictures = {}
    if image.picture:
        pictures[f"{name}.jpg"] = drawn.pictures[image.picture]
        image = replace(image, picture=f"{name}.jpg")
    if image.overlay:
        pictures[f"{name}-map.jpg"] = drawn.pictures[image.overlay]
        image = replace(image, overlay=f"{name}-map.jpg")
    return image, pictures
